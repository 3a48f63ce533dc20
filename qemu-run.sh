#!/usr/bin/env bash
#
# Builds what is needed and boots Twofold with its guests in QEMU.
#
#   ./qemu-run.sh                  the demo: bundled guests, the two-stage walk shown
#   ./qemu-run.sh --linux          RV32 Linux to a BusyBox shell
#   ./qemu-run.sh --kernel FILE    your own kernel: an ELF, a Linux Image or a raw binary
#   ./qemu-run.sh --vms FILE.dts   many VMs, as the file describes them
#
# The VM of --kernel and --linux:
#   --initrd FILE                  its initial RAM disk (--kernel)
#   --append STRING                its kernel command line (--linux: after "console=ttyS0")
#   --memory SIZE                  its memory, such as 64M or 1G; default 128M
#   --cpus N                       its virtual CPUs; default 1
#   --counters direct              it reads the hart's cycle and instret counters
#
# The machine below:
#   --disk FILE                    a disk, raw or qcow2; given again: one more. The VM of --kernel
#                                  or --linux has them all; a description names virtio0, virtio1, ...
#   --net                          a network card, on QEMU's user network; given again: one more.
#                                  The VM of --kernel or --linux is connected to each; a description
#                                  names them uplink0, uplink1, ...
#   --ram SIZE                     memory, at most 10G; default 1G
#   --harts N                      processors; default 2, or as many as --cpus
#   --bios FILE                    firmware; default OpenSBI's fw_dynamic.bin
#   --qemu FILE                    emulator; default qemu-system-riscv32
#   -- ARGS...                     handed to QEMU
#
# The run:
#   --set NAME=VALUE               hypervisor option: sstc=off, htinst=ignore, vmidlen=0,
#                                  console=firmware, ...; may be given many times
#   --monitor                      start in the monitor, and stay there when all VMs have ended
#   --monitor-script FILE          monitor commands to run at the start, one a line
#   --timeout SECONDS              end the run with status 124 after that time
#   --icount                       count instructions: the same run every time
#   --gdb                          wait for a debugger; prints the command for it
#   --dry-run                      print the QEMU command instead of running it
#   --help                         print this
#
# TWOFOLD_BUILD=no in the environment: boots what has been built before, as it is.
#
# In a terminal, Ctrl-C goes to the guest, Ctrl-] m to the monitor, Ctrl-] ? tells the
# other keys, Ctrl-A x ends QEMU. Exit status: 0 when every
# VM ended by powering off, 1 when one failed or was stopped for a fault, 2 for wrong
# use, 124 for the time limit.

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly tree
readonly virtio_slots=8
readonly firmware=/usr/lib/riscv32-linux-gnu/opensbi/generic/fw_dynamic.bin

# What the options say; an empty value is "not given".
mode='' kernel='' initrd='' append='' memory='' cpus='' counters='' vms_file='' monitor_script=''
ram='' harts='' bios='' qemu='' seconds='' gdb='' icount='' dry_run=''
hypervisor_options=() qemu_args=() disks=() nets=0 bundle=''

fail()  { printf 'qemu-run.sh: error: %s\n' "$*" >&2; exit 1; }
wrong() { printf 'qemu-run.sh: error: %s\nTry ./qemu-run.sh --help\n' "$*" >&2; exit 2; }

# ------------------------------------------------------------------- options

usage() { sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

# choose MODE: what is to be booted can be said once only.
choose() {
    [ -z "$mode" ] || wrong "--$mode and --$1 contradict each other: give one of them"
    mode=$1
}

# take_value OPTION VALUE: options that are followed by a value.
take_value() {
    case $1 in
    --kernel)   choose kernel; kernel=$2 ;;
    --vms)      choose vms; vms_file=$2 ;;
    --initrd)   initrd=$2 ;;
    --append)   append=$2 ;;
    --memory)   memory=$2 ;;
    --cpus)     cpus=$2 ;;
    --counters) counters=$2 ;;
    --ram)      ram=$2 ;;
    --harts)    harts=$2 ;;
    --bios)     bios=$2 ;;
    --qemu)     qemu=$2 ;;
    --timeout)  seconds=$2 ;;
    --set)      hypervisor_options+=("$2") ;;
    --monitor-script) monitor_script=$2 ;;
    --disk)     disks+=("$2") ;;
    esac
}

parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --linux)     choose linux ;;
        --gdb)       gdb=yes ;;
        --icount)    icount=yes ;;
        --dry-run)   dry_run=yes ;;
        --net)       nets=$((nets + 1)) ;;
        --monitor)   hypervisor_options+=(monitor=on) ;;
        --help | -h) usage; exit 0 ;;
        --)          shift; qemu_args=("$@"); return ;;
        --kernel | --vms | --initrd | --append | --memory | --cpus | --counters | --ram | \
        --harts | --bios | --qemu | --timeout | --set | --disk | \
        --monitor-script)
            [[ $# -ge 2 && $2 != --* ]] || wrong "$1 needs a value after it"
            take_value "$1" "$2"
            shift ;;
        -*)          wrong "there is no option '$1'" ;;
        *)           wrong "'$1' is not an option; a kernel is given as: --kernel $1" ;;
        esac
        shift
    done
}

# ---------------------------------------------------------------- validation

check_size() {
    [[ $2 =~ ^[1-9][0-9]{0,4}[MG]$ ]] || wrong "$1 '$2' is not a size: expected a number with M or G after it, such as 128M"
}

check_count() {
    [[ $2 =~ ^[1-9][0-9]{0,2}$ ]] || wrong "$1 '$2' is not a count: expected a whole number from 1 up"
}

check_file() {
    [ -e "$2" ] || wrong "$1: there is no file '$2'"
    [ -f "$2" ] || wrong "$1: '$2' is not a file"
    [ -r "$2" ] || wrong "$1: '$2' cannot be read"
    [ -s "$2" ] || wrong "$1: the file '$2' is empty"
}

megabytes() {
    case $1 in
    *G) echo $((${1%G} * 1024)) ;;
    *)  echo "${1%M}" ;;
    esac
}

# Options that describe the one VM of --kernel or --linux mean nothing elsewhere.
check_vm_options() {
    local pair where="describes the VM of --kernel or --linux"
    [ "$mode" != vms ] || where+="; for --vms, write it into $vms_file"
    [ "$mode" = kernel ] || [ "$mode" = linux ] ||
        for pair in "--append:$append" "--memory:$memory" "--cpus:$cpus" "--counters:$counters"; do
            [ -z "${pair#*:}" ] || wrong "${pair%%:*} $where"
        done
    [ -z "$initrd" ] || [ "$mode" = kernel ] || wrong "--initrd belongs to --kernel; --linux brings its own"
    [ -z "$counters" ] || [ "$counters" = direct ] || wrong "--counters '$counters' is unknown: expected 'direct'"
}

check_hypervisor_options() {
    local option
    for option in ${hypervisor_options+"${hypervisor_options[@]}"}; do
        [[ $option =~ ^[a-z][a-z0-9_-]*=[][A-Za-z0-9._,:/^\\-]+$ ]] ||
            wrong "--set '$option' is not of the form NAME=VALUE"
    done
}

check_devices() {
    local disk
    for disk in ${disks+"${disks[@]}"}; do
        check_file --disk "$disk"
    done
    [ $((${#disks[@]} + nets)) -le "$virtio_slots" ] ||
        wrong "${#disks[@]} times --disk and $nets times --net are too many: QEMU's machine has $virtio_slots places for them"
}

check_values() {
    check_devices
    check_size --memory "$memory"
    check_count --cpus "$cpus"
    check_size --ram "$ram"
    check_count --harts "$harts"
    [ "$(megabytes "$ram")" -le 10240 ] || wrong "--ram $ram is too much: QEMU's RV32 machine has at most 10G"
    [ "$mode" = demo ] || [ "$mode" = vms ] || [ "$(megabytes "$memory")" -lt "$(megabytes "$ram")" ] ||
        wrong "--memory $memory does not fit into the machine's --ram $ram"
    [[ -z $seconds || $seconds =~ ^[1-9][0-9]{0,5}$ ]] ||
        wrong "--timeout '$seconds' is not a time: expected whole seconds from 1 up"
    [ -z "$kernel" ] || check_file --kernel "$kernel"
    [ -z "$initrd" ] || check_file --initrd "$initrd"
    [ -z "$vms_file" ] || check_file --vms "$vms_file"
    [ -z "$monitor_script" ] || check_file --monitor-script "$monitor_script"
    [ -z "$bios" ] || check_file --bios "$bios"
    [ -z "$qemu" ] || command -v -- "$qemu" > /dev/null || wrong "--qemu: there is no program '$qemu'"
}

set_defaults() {
    memory=${memory:-128M} cpus=${cpus:-1} ram=${ram:-1G}
    [[ ! $cpus =~ ^[0-9]{1,3}$ ]] || harts=${harts:-$((cpus > 2 ? cpus : 2))}
    harts=${harts:-2}
}

# ------------------------------------------------------------------ building

# Brings in what is missing, then builds; runs at the same time wait for one another.
build() {
    local sets=(build)
    [ -n "$qemu" ] || sets+=(emulator)
    [ -n "$bios" ] || sets+=(firmware)
    [ -z "$gdb" ] || sets+=(debug)
    mkdir -p "$tree/build"
    (
        flock 9
        "$tree/.ci/packages" "${sets[@]}" || fail "something that this needs is not installed: see above"
        env -u MAKEFLAGS -u MAKELEVEL make -s -C "$tree" >&2 || fail "the build failed: see above"
    ) 9> "$tree/build/.lock"
}


# Makes build/linux lead to the built Linux; VM descriptions can name files in it.
build_linux() {
    local made
    made=$("$tree/guest/linux/build.sh" | tail -n 1) || fail "Linux could not be built: see above"
    [ "$(readlink "$tree/build/linux")" = "$made" ] || ln -sfn -- "$made" "$tree/build/linux"
}

linux_is_wanted() {
    [ "$mode" = linux ] || { [ "$mode" = vms ] && grep -q '"build/linux/' "$vms_file"; }
}

# -------------------------------------------------------- the VM description

# A string as DTS writes it.
dts_string() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "${text//$'\n'/\\n}"
}

dts_file() { printf '/incbin/(%s)' "$(dts_string "$(realpath -- "$1")")"; }

# numbered NAME COUNT: "NAME0", "NAME1", ...
numbered() {
    local i list=''
    for ((i = 0; i < $2; i++)); do
        list+="${list:+, }\"$1$i\""
    done
    echo "$list"
}

# The description of the one VM of --kernel or --linux.
describe_vm() {
    if [ "$mode" = linux ]; then
        kernel=$tree/build/linux/Image initrd=$tree/build/linux/initramfs.cpio.gz
        append="console=ttyS0${append:+ $append}"
    fi
    echo '/dts-v1/;'
    echo '/ { compatible = "twofold,vms";'
    echo "    ${mode/kernel/guest} {"
    echo "        cpus = <$cpus>;"
    echo "        memory = \"$memory\";"
    echo "        kernel = $(dts_file "$kernel");"
    [ -z "$initrd" ] || echo "        initrd = $(dts_file "$initrd");"
    [ -z "$append" ] || echo "        bootargs = $(dts_string "$append");"
    [ -z "$counters" ] || echo "        counters = \"$counters\";"
    [ ${#disks[@]} = 0 ] || echo "        disk = $(numbered virtio ${#disks[@]});"
    [ "$nets" = 0 ] || echo "        net = $(numbered uplink "$nets");"
    echo '    };'
    echo '};'
}

# describe: the description, complete, as DTS.
describe() {
    case $mode in
    demo) echo "/include/ $(dts_string "$tree/guest/examples/demo.dts")" ;;
    vms)  echo "/include/ $(dts_string "$(realpath -- "$vms_file")")" ;;
    *)    describe_vm ;;
    esac
    [ -z "$monitor_script" ] || echo "/ { monitor-script = $(dts_file "$monitor_script"); };"
}

# Makes the bundle: the description with all files in it, which are looked for beside
# it and in the tree.
make_bundle() {
    local messages
    bundle=$(mktemp "$tree/build/vms.XXXXXX")
    trap 'rm -f -- "$bundle" "$bundle.dts"' EXIT
    describe > "$bundle.dts"
    if ! messages=$(dtc -q -I dts -O dtb -i "$(dirname -- "${vms_file:-.}")" -i "$tree" -o "$bundle" "$bundle.dts" 2>&1); then
        [ "$mode" = vms ] || fail "the VM description could not be packed: $messages"
        wrong "the VM description does not compile: $messages"
    fi
    rm -f -- "$bundle.dts"
}

# ------------------------------------------------------------------- running

# Serial port on stdio. With a terminal, Ctrl-C is a character for the guest and
# Ctrl-A a prefix for QEMU; from a pipe or a file every byte goes to the guest.
console_args() {
    if [ -t 0 ]; then
        command+=(-chardev "stdio,id=console,signal=off,mux=on" -mon console)
    else
        command+=(-chardev "stdio,id=console,signal=off" -monitor none)
    fi
    command+=(-serial chardev:console)
}

free_port() {
    local port=1234
    while (: <> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
        port=$((port + 1))
    done
    echo $port
}

gdb_args() {
    local port
    port=$(free_port)
    command+=(-S -gdb "tcp:127.0.0.1:$port")
    printf 'QEMU waits for a debugger. In another terminal, type:\n    %s\n' \
        "gdb-multiarch -ex 'target remote 127.0.0.1:$port' $tree/build/twofold.elf" >&2
    printf 'Symbols of a guest are added in it by: add-symbol-file FILE.elf\n' >&2
}

# add_virtio KIND PROPERTIES: a device in the next slot; the first one is at 0x10001000.
add_virtio() {
    command+=(-device "$1,bus=virtio-mmio-bus.$slot,$2")
    slot=$((slot + 1))
}

# A file that cannot be written to is a read-only disk. An error of the file is the disk's, not a
# reason for QEMU to stop the machine.
disk_args() {
    local file id options
    for file in ${disks+"${disks[@]}"}; do
        id=disk$slot options=werror=report,rerror=report,format=raw
        [ "$(head -c 3 -- "$file" | tr -d '\0')" != QFI ] || options=${options/raw/qcow2}
        [ -w "$file" ] || options+=,readonly=on
        command+=(-drive "if=none,id=$id,$options,file=${file//,/,,}")
        add_virtio virtio-blk-device "drive=$id"
    done
}

net_args() {
    local i
    for ((i = 0; i < nets; i++)); do
        command+=(-netdev "user,id=net$i")
        add_virtio virtio-net-device "netdev=net$i"
    done
}

# make_command BUNDLE: sets `command`, the one definition of the QEMU line.
make_command() {
    local IFS=' ' slot=0
    command=("${qemu:-qemu-system-riscv32}" -M virt -smp "$harts" -m "$ram" -display none)
    console_args
    disk_args
    net_args
    command+=(-bios "${bios:-$firmware}" -kernel "$tree/build/twofold.bin" -initrd "$1")
    [ ! -t 1 ] || hypervisor_options=(colour=on ${hypervisor_options+"${hypervisor_options[@]}"})
    [ ${#hypervisor_options[@]} = 0 ] || command+=(-append "${hypervisor_options[*]}")
    [ -z "$icount" ] || command+=(-icount "shift=0,sleep=off")
    [ -z "$gdb" ] || gdb_args
    command+=(${qemu_args+"${qemu_args[@]}"})
}

# The printed command can be run later: its bundle stays, named by what is in it.
print_command() {
    local kept
    kept=$tree/build/dry-run-$(sha256sum < "$bundle" | cut -c 1-12).dtb
    mv -- "$bundle" "$kept"
    make_command "$kept"
    printf '%q ' "${command[@]}"
    echo
}

# Becomes QEMU, so that whoever ends this process ends QEMU. The bundle is open and
# its name gone: nothing is left behind, however the run ends.
run() {
    local descriptor
    exec {descriptor}< "$bundle"
    rm -f -- "$bundle"
    make_command "/dev/fd/$descriptor"
    [ ! -t 0 ] || echo "Starting QEMU: Ctrl-A x ends it, Ctrl-C goes to the guest." >&2
    [ -z "$seconds" ] || command=(timeout --foreground --kill-after=5 "$seconds" "${command[@]}")
    exec "${command[@]}"
}

main() {
    [ -e /dev/fd/0 ] || exec < /dev/null    # stdin may be closed
    parse "$@"
    mode=${mode:-demo}
    check_vm_options
    check_hypervisor_options
    set_defaults
    check_values
    if [ "${TWOFOLD_BUILD-}" != no ]; then
        build
        ! linux_is_wanted || build_linux
    fi
    make_bundle
    if [ -n "$dry_run" ]; then
        print_command
    else
        run
    fi
}

main "$@"
