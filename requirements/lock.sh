#!/bin/sh
# Writes the locks: every version and hash, and no address that they were downloaded from.
set -eu
compile() {
  "${LOCK_WITH:-pip-compile}" --quiet --no-config --strip-extras --generate-hashes --allow-unsafe --no-header \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options "$@"
}
compile --output-file requirements/runtime.txt pyproject.toml
compile --output-file requirements/dev.txt --extra dev --constraint requirements/runtime.txt pyproject.toml
compile --output-file requirements/stock.txt --extra stock --constraint requirements/runtime.txt pyproject.toml
compile --output-file requirements/audit.txt --constraint requirements/dev.txt requirements/audit.in
