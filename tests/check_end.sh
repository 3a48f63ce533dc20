#!/usr/bin/env bash
#
# Shows that whoever ends qemu-run.sh ends its QEMU, and that no file is left behind.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
log=build/test/check_end.out

fail() { echo "not ok: $*"; exit 1; }

# is_qemu PID
is_qemu() { [[ $(readlink "/proc/$1/exe") == *qemu-system-riscv32 ]]; }

wait_for() {
    local tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "waited 30 s for: $*"
        sleep 0.1
    done
}

./qemu-run.sh --kernel build/guest/t_spin.elf > "$log" 2>&1 < /dev/null &
script=$!
wait_for is_qemu "$script"
wait_for grep -q '^Twofold' "$log"
bundle=$(find "/proc/$script/fd" -lname '*/build/vms.*' -printf '%l\n')
[[ $bundle == *'(deleted)' ]] || fail "the bundle still has a name: $bundle"
kill "$script"
wait "$script" || true
! kill -0 "$script" 2> /dev/null || fail "process $script is still there"
echo ok
