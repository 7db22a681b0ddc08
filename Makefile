# Every target runs `setup` when it is needed. See README.md for what each one does.
SHELL := /bin/bash
PYTHON ?= python3
STACK ?= dev
LEVELS := test-unit test-graph test-engine test-emulated
WARMLINE := .venv/bin/warmline
PYTEST := .venv/bin/pytest

.PHONY: setup up down status preview test lint format bench lock clean $(LEVELS)

setup: .venv/.tools

up: setup
	@$(WARMLINE) up

down: setup
	@$(WARMLINE) down

status: setup
	@$(WARMLINE) status

preview: setup
	@$(WARMLINE) preview --stack $(STACK)

test: $(LEVELS)

$(LEVELS): test-%: .venv/.tests
	$(PYTEST) tests/$*

lint: .venv/.tests
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/pyright

format: .venv/.tests
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: .venv/.tests
	.venv/bin/python -m tests.bench

lock: setup
	./requirements/lock.sh

# The emulator would outlive the folder that says where it runs.
clean:
	-@test ! -x $(WARMLINE) || $(WARMLINE) down
	rm -rf .venv .warmline

.venv/bin/uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "warmline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there). Run: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/.tools: .venv/bin/uv requirements/tools.txt pyproject.toml CHANGELOG.md
	.venv/bin/uv pip install --quiet --python .venv --require-hashes -r requirements/tools.txt
	.venv/bin/uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tests: .venv/.tools requirements/tests.txt
	.venv/bin/uv pip install --quiet --python .venv --require-hashes -r requirements/tests.txt
	@touch $@
