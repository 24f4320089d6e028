#!/bin/sh
# Runs libFuzzer for some seconds on each target, from its seeds and found cases; `make fuzz` calls it.
# No sanitizer, so that stable Rust serves: what is fuzzed has no unsafe code of its own.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
failed=
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target" "fuzz/found/$target"
    log="fuzz/corpus/$target.log"
    # Bodies are read up to 64 KiB here; a longer one only costs time.
    if cargo fuzz run --sanitizer none "$target" \
        "fuzz/corpus/$target" "fuzz/seeds/$target" "fuzz/found/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -dict=fuzz/dictionary -print_final_stats=1 >"$log" 2>&1; then
        result=nothing
    else
        result="see $log, and fuzz/artifacts/$target"
        failed=yes
    fi
    rmdir "fuzz/found/$target" 2>/dev/null || true
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-12s %10s executions in %s s; found: %s\n' "$target" "${executions:-no}" "$seconds" "$result"
done
if [ -n "$failed" ]; then
    echo "keep each case as fuzz/found/TARGET/NAME, and mend what it shows" >&2
    exit 1
fi
