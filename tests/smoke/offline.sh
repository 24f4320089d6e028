#!/bin/sh
# Builds a wheel from the sdist and its crates, with no network and no crate of this machine, and runs
# the smoke suite with it: offline.sh DIST. pip and maturin have to be first in PATH.
set -eu
dist=$(cd "$1" && pwd)
suite=$(cd "$(dirname "$0")" && pwd)/suite.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

tar -xzf "$dist"/atlas_backups-*.tar.gz -C "$work"
tar -xJf "$dist"/atlas_backups-*-crates.tar.xz -C "$work"
cd "$work"/atlas_backups-*/
export CARGO_HOME="$work/cargo" CARGO_NET_OFFLINE=true PIP_NO_INDEX=1
# That it builds is the question, so it is not optimized, which would take minutes more.
export MATURIN_PEP517_ARGS='--profile dev'
python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir "$work" .
python -m venv "$work/environment"
"$work/environment/bin/python" -m pip install --quiet "$work"/*.whl
cd "$work"
PATH="$work/environment/bin:$PATH" "$work/environment/bin/python" -W error "$suite"
