#!/usr/bin/env bash
#
# Runs fuzzers, which `make fuzzers` has built, as many at a time as there are processors.
#
#   tests/fuzz/run.sh seconds N [NAME...]    each for N seconds, from what it has found before
#   tests/fuzz/run.sh runs N [NAME...]       each with N inputs, the same every time
#
# NAME is one as in fuzz_NAME.c, or such a file; without any, all run. What they find worth keeping for the next
# time is in build/fuzz/NAME.corpus, inputs that show a bug in build/fuzz/NAME-crash-*.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { printf 'fuzz: error: %s\n' "$*" >&2; exit 2; }

names() {
    local file
    for file in tests/fuzz/fuzz_*.c; do
        file=${file##*/fuzz_}
        echo "${file%.c}"
    done
}

# fuzz MODE N NAME
fuzz() {
    local name=${3##*fuzz_} corpus options=(-timeout=10 -max_len=8192) status=0
    name=${name%.c} corpus=build/fuzz/$name.corpus
    mkdir -p "$corpus"
    case $1 in
    seconds) options+=("-max_total_time=$2" "$corpus") ;;
    runs)    options+=("-runs=$2" -seed=1) ;;
    esac
    "build/fuzz/fuzz_$name" "-artifact_prefix=build/fuzz/$name-" "${options[@]}" \
        > "build/fuzz/$name.log" 2>&1 || status=$?
    if [ $status = 0 ]; then
        echo "PASS fuzz.$name"
    else
        echo "FAIL fuzz.$name: build/fuzz/$name.log"
        tail -n 25 "build/fuzz/$name.log"
    fi
    return $status
}

if [ "${1-}" = one ]; then
    shift
    fuzz "$@"
    exit
fi
[[ ${1-} =~ ^(seconds|runs)$ && ${2-} =~ ^[1-9][0-9]*$ ]] || fail "expected: seconds N or runs N"
mode=$1 count=$2
shift 2
[ $# -gt 0 ] || mapfile -t all < <(names)
printf '%s\n' "${@:-"${all[@]}"}" | xargs -P "$(nproc)" -n 1 tests/fuzz/run.sh one "$mode" "$count" ||
    exit 1
