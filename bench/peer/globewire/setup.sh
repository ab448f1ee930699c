#!/bin/bash
# Makes the project's environment from its lock files, if it is not there; starts nothing. Needs Python 3.11 or later.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
cd "$root"
[ -x .venv/bin/globewire ] && exit 0
"${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install --quiet --require-hashes -r requirements/run.lock
# What builds the project is pinned with the development tools: take those lines of their lock, and no more.
builders=$(mktemp)
trap 'rm -f "$builders"' EXIT
awk '/^[a-z]/ { keep = /^(hatchling|editables|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ } keep' requirements/dev.lock >"$builders"
.venv/bin/python -m pip install --quiet --require-hashes -r "$builders"
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
