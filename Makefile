# Every target runs `setup` when it is needed. See README.md for what each one does.
SHELL := /bin/bash
PYTHON ?= python3
STACK ?= dev
LEVELS := test-unit test-graph test-engine test-emulated
WARMLINE := .venv/bin/warmline
PYTEST := .venv/bin/pytest

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup up down status preview test lint format bench lock clean test-enforced $(LEVELS)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

setup: .venv/.tools  ## make .venv from the lock; every other target does it when needed

up: setup  ## bring the local stack up, with the demo model
	@$(WARMLINE) up

down: setup  ## destroy the local stack and stop the emulator
	@$(WARMLINE) down

status: setup  ## what runs, and how real each emulated resource is
	@$(WARMLINE) status

preview: setup  ## what STACK=dev or STACK=prod would make, without credentials
	@$(WARMLINE) preview --stack $(STACK)

test: $(LEVELS) test-enforced  ## every level; test-unit, test-graph, test-engine, test-emulated, test-enforced run one

$(LEVELS): test-%: .venv/.tests
	$(PYTEST) tests/$*

# The tests of the deployed stack once more, while each function, and whoever deploys, has no more
# than its role.
test-enforced: .venv/.tests
	$(PYTEST) tests/emulated --enforce-iam

lint: .venv/.tests  ## formatting, lint, import arrows, types
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/pyright

format: .venv/.tests  ## format, and mend what ruff can
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench: .venv/.tests  ## the benchmarks
	.venv/bin/python -m tests.bench

lock: setup  ## compile the locks from their .in files
	./requirements/lock.sh

# The emulator would outlive the folder that says where it runs.
clean:  ## stop what runs and remove what was made in the clone
	-@test ! -x $(WARMLINE) || $(WARMLINE) down
	rm -rf .venv .warmline

.venv/bin/uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "warmline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there). Run: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "installing the locked tools into .venv"
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/.tools: .venv/bin/uv requirements/tools.txt pyproject.toml CHANGELOG.md
	@.venv/bin/uv pip install --quiet --python .venv --require-hashes -r requirements/tools.txt
	@.venv/bin/uv pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.tests: .venv/.tools requirements/tests.txt
	@.venv/bin/uv pip install --quiet --python .venv --require-hashes -r requirements/tests.txt
	@touch $@
