#!/usr/bin/env bash
#
# Checks the form of the C sources: formatting, include guards, and that each header
# can be included alone.
#
# Usage: tests/check_style.sh [ROOT]
#
# clang-format's output depends on its version: with another one than the version that
# the tree is formatted with, the formatting is not checked, and that is said.

set -euo pipefail
export LC_ALL=C

readonly format_version=14
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"
mapfile -t sources < <(find arch hyp guest tests -name '*.[ch]' -not -path 'guest/linux/*' | sort)
mapfile -t headers < <(printf '%s\n' "${sources[@]}" | grep '\.h$')
wrong=0

complain() {
    echo "$1"
    wrong=$((wrong + 1))
}

# The clang-format of the version wanted; nothing when there is none.
formatter() {
    local tool
    for tool in "clang-format-$format_version" clang-format; do
        if "$tool" --version 2> /dev/null | grep "version $format_version\." > /dev/null; then
            echo "$tool"
            return
        fi
    done
}

check_format() {
    local tool file
    tool=$(formatter)
    if [ -z "$tool" ]; then
        echo "style: no clang-format $format_version here: the formatting is not checked"
        return
    fi
    for file in "${sources[@]}"; do
        "$tool" --dry-run -Werror "$file" 2> /dev/null ||
            complain "$file: not formatted as .clang-format says (make format)"
    done
}

# A guard is the name in the file's first two directives, and no other header's.
check_guards() {
    local file guard
    local -A owner=()
    for file in "${headers[@]}"; do
        guard=$(grep -m 2 '^#' "$file" | awk '$1 == "#ifndef" { name = $2 } $1 == "#define" && $2 == name { print name }')
        if [ -z "$guard" ]; then
            complain "$file: does not begin with an include guard"
        elif [ -n "${owner[$guard]-}" ]; then
            complain "$file: has the same include guard as ${owner[$guard]}: $guard"
        else
            owner[$guard]=$file
        fi
    done
}

# Headers of the target are compiled for it, those of unit tests for the host.
check_alone() {
    local file compiler messages
    for file in "${headers[@]}"; do
        compiler=(riscv64-unknown-elf-gcc -march=rv32ima_zicsr_zifencei -mabi=ilp32 -ffreestanding)
        [[ $file != tests/* ]] || compiler=(gcc)
        messages=$(printf '#include "%s"\n' "$file" |
                   "${compiler[@]}" -std=gnu11 -Wall -Wextra -Wno-unused -Wno-unused-function -Werror -I. -fsyntax-only -x c - 2>&1) ||
            complain "$file: cannot be included alone: $(grep -m 1 error <<< "$messages")"
    done
}

check_format
check_guards
check_alone
echo "style: ${#sources[@]} files, ${#headers[@]} of them headers, $wrong complaints"
[ "$wrong" = 0 ] && [ ${#sources[@]} != 0 ]
