# Functions of the scripts that run in the guest. Each result is a line "PASS name" or
# "FAIL name: why"; `end` prints how many there were.

gateway=10.0.2.2    # the host, on QEMU's user network
passed=0
failed=0

pass() { passed=$((passed + 1)); echo "PASS $1"; }
fail() { failed=$((failed + 1)); echo "FAIL $1: $2"; }

# expect NAME GOT EXPECTED
expect() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "got '$2', expected '$3'"
    fi
}

# works NAME COMMAND...: the command succeeds.
works() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then
        pass "$name"
    else
        fail "$name" "'$*' failed: $(echo "$said" | tail -n 1)"
    fi
}

# fails NAME COMMAND...: the command does not.
fails() {
    local name=$1
    shift
    if "$@" > /dev/null 2>&1; then
        fail "$name" "'$*' succeeded"
    else
        pass "$name"
    fi
}

# arguments NAME: the values of all NAME=VALUE of the kernel command line.
arguments() {
    local word
    for word in $(cat /proc/cmdline); do
        case $word in
        "$1"=*) echo "${word#*=}" ;;
        esac
    done
}

# patiently COMMAND...: tries until it succeeds; a minute at most.
patiently() {
    local tries
    for tries in $(seq 1 60); do
        ! "$@" > /dev/null 2>&1 || return 0
        sleep 1
    done
    return 1
}

# fetch URL FILE
fetch() { wget -q -T 60 -O "$2" "$1"; }

drop_caches() {
    sync
    echo 3 > /proc/sys/vm/drop_caches
}

# The kernel's messages are kept from the console, where they would break results apart; they are shown when
# something is wrong.
end() {
    [ $failed = 0 ] || dmesg | tail -n 40
    echo "SUMMARY $(arguments vm): $passed passed, $failed failed"
}
