#!/usr/bin/env bash
# Compiles every lock from its .in file: exact versions and hashes, for all platforms, no addresses.
set -euo pipefail
cd "$(dirname "$0")"
uv=${UV:-../.venv/bin/uv}
compile() {
  "$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate \
    --custom-compile-command "make lock" --python-version 3.11 "$1.in" -o "$1.txt" "${@:2}"
}
compile bootstrap "$@"
compile tools "$@"
compile tests --constraint tools.txt "$@"
compile emulator "$@"
compile predict --constraint tools.txt "$@"
compile health --constraint predict.txt "$@"
compile authorize --constraint tests.txt "$@"
