#!/bin/sh
# Build the wheel in variants; print the size of each, and how long it took from nothing: sizes.sh MATURIN
set -eu
maturin=$1
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target"

# NAME CHANGE [OPTION OF MATURIN …]: build the tree with a sed command applied to the manifest and tls.rs.
variant() {
    name=$1 change=$2
    shift 2
    rm -rf "$work/tree" "$work/out" "$CARGO_TARGET_DIR"
    mkdir "$work/tree"
    git -C "$here" archive HEAD | tar -x -C "$work/tree"
    cd "$work/tree"
    sed -i "$change" Cargo.toml src/http/tls.rs
    begun=$(date +%s)
    "$maturin" build --release --strip --quiet --out "$work/out" "$@" 2>"$work/log" || { cat "$work/log"; exit 1; }
    seconds=$(($(date +%s) - begun))
    library=$(unzip -l "$work"/out/*.whl | awk '/_core/ && !/pyi/ { print $1 }')
    printf '| %s | %s | %s | %s |\n' "$name" "$library" "$(cat "$work"/out/*.whl | wc -c)" "$seconds"
}

echo '| | library, bytes | wheel, bytes | build, s |'
echo '|---|---|---|---|'
best='--compression-level 9'
variant 'shipped' '' $best
variant 'deflate level 6' ''
variant 'opt-level 3 for every crate' '/^opt-level = "s"/d' $best
variant 'opt-level s for every crate' 's/^lto = .*/&\nopt-level = "s"/' $best
variant 'LTO thin' 's/^lto = .*/lto = "thin"/' $best
variant 'no LTO, 16 codegen units' 's/^lto = .*/lto = false/; s/^codegen-units.*/codegen-units = 16/' $best
