#!/usr/bin/env bash
#
# Builds the Linux guest: an RV32 kernel and an initramfs with BusyBox on musl,
# from unmodified Debian sources. Takes about ten minutes on two cores the first
# time and no time afterwards: results are kept outside the tree, in
#
#     ${XDG_CACHE_HOME:-~/.cache}/twofold/linux-<hash of all inputs>/
#
# which holds Image, initramfs.cpio.gz, vmlinux, System.map and the two .config
# files. The last line on stdout is that directory; all else goes to stderr.
#
# Usage: build.sh [--update]
#   --update   download the sources anew (a newer 6.12, say) and build from them
#
# How it is arranged: four stages (sources, kernel, userland, result), each a
# function that fills an empty directory. A stage is named by the hash of what
# it is made from, the text of its function included, so that a change in the
# self-test does not build the kernel again. A stage is built in a temporary
# directory and renamed when it is complete; a lock keeps two builds apart.

set -euo pipefail
export LC_ALL=C
umask 022

# A make above us, or a developer's shell, must not change what is built.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES ARCH CROSS_COMPILE CC LD AR CPP \
      CFLAGS CPPFLAGS LDFLAGS KBUILD_OUTPUT KCONFIG_CONFIG KCONFIG_ALLCONFIG \
      LOCALVERSION INSTALL_HDR_PATH C_INCLUDE_PATH CPATH LIBRARY_PATH GCC_SPECS

# The same inputs give the same bytes, whoever builds them, wherever and whenever.
export SOURCE_DATE_EPOCH=1731801600    # 17 November 2024, the day of Linux 6.12
export KBUILD_BUILD_TIMESTAMP='2024-11-17 00:00:00 UTC'
export KBUILD_BUILD_USER=twofold KBUILD_BUILD_HOST=twofold KBUILD_BUILD_VERSION=1
export KCONFIG_NOTIMESTAMP=1

readonly kernel_package=linux-source-6.12
readonly source_suite=trixie           # its musl (1.2.5) is the first with a riscv32 port
readonly cross=riscv64-linux-gnu-      # compiles RV32 as well; has no RV32 libgcc
readonly elf_cc=riscv64-unknown-elf-gcc    # lends its RV32 libgcc
readonly march=rv32imafdc_zicsr_zifencei
readonly mabi=ilp32d

# All that is ours and goes into the result.
readonly input_files=(build.sh kernel.fragment busybox.fragment initramfs.list root src)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:?is not set: set HOME or XDG_CACHE_HOME to say where the results are kept}/.cache}/twofold
log=$cache/linux-build.log
readonly here cache log

say()  { printf 'linux: %s\n' "$*" >&2; }
fail() { printf 'linux: error: %s\n' "$*" >&2; exit 1; }

# run WHAT COMMAND...: runs a command, its output in the log. When it fails, the
# end of its output is shown, without the names of package servers.
run() {
    local what=$1 from status=0
    shift
    from=$(($(wc -l < "$log") + 1))
    "$@" >> "$log" 2>&1 < /dev/null || status=$?
    [ "$status" = 0 ] && return
    tail -n "+$from" "$log" | tail -n 20 | sed -E 's#//[^/ ]+#//...#g' >&2
    fail "could not $what: '$1' ended with status $status. The whole output is in $log"
}

# ----------------------------------------------------------------- sources

# The file with the key that signs the archive of a source entry "FILE:NUMBER",
# as an option for a sources.list line; nothing where apt's own key ring serves.
signed_by() {
    local key
    key=$(sed -nE 's#.*[Ss]igned-[Bb]y[:=] *(/[^] ]+).*#\1#p' "${1%:*}" 2> /dev/null | head -n 1)
    [ -z "$key" ] || echo "[signed-by=$key] "
}

# apt with sources, lists and caches of its own in $apt_dir: the machine's stay
# as they are, and no root is needed.
private_apt() {
    local tool=$1
    shift
    "$tool" -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt_dir/parts" \
            -o Dir::State::lists="$apt_dir/lists" -o Dir::Cache="$apt_dir/cache" \
            -o APT::Sandbox::User="$(id -un)" "$@"
}

# An update that fails in part may still serve: what is then missing is told later.
update_lists() {
    private_apt apt-get update >> "$log" 2>&1 || say "some package lists could not be fetched: going on without them"
}

# Prints the source entries that this machine may lack, made from its own entry
# for Debian's main archive: backports, and the sources of $source_suite. Other
# vendors may have suites of the same name: they have no "debian" in the path.
more_sources() {
    local codename release uri entry main='' backports=''
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    while read -r release uri entry; do
        [[ $uri == *://*/*debian* ]] || continue
        case $release in
        "$codename")           main=${main:-$(signed_by "$entry")$uri} ;;
        "$codename-backports") backports=yes ;;
        esac
    done < <(private_apt apt-get indextargets --format "\$(RELEASE) \$(REPO_URI) \$(SOURCESENTRY)" \
                         'Created-By: Packages' 'Component: main' 2>> "$log" | sort -u)
    [ -n "$main" ] || return 0
    [ -n "$backports" ] || echo "deb $main $codename-backports main"
    echo "deb-src $main $source_suite main"
}

make_private_apt() {
    local file
    mkdir -p "$apt_dir/parts" "$apt_dir/lists/partial" "$apt_dir/cache"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
        [ ! -f "$file" ] || cp "$file" "$apt_dir/parts/"
    done
    [ ! -f "$apt_dir/parts/sources.list" ] || mv "$apt_dir/parts/sources.list" "$apt_dir/parts/main.list"
    update_lists
    more_sources > "$apt_dir/more.list"
    [ -s "$apt_dir/more.list" ] ||
        fail "found no archive of Debian among this machine's apt sources: expected an entry with the component" \
             "main for the suite that /etc/os-release names. See $log"
    mv "$apt_dir/more.list" "$apt_dir/parts/twofold.list"
    update_lists
}

# An archive may list a version that it no longer holds: try them newest first.
download_kernel() {
    local version
    for version in $(private_apt apt-cache madison "$kernel_package" 2>> "$log" | awk '{print $3}'); do
        say "downloading $kernel_package $version (150 MB)"
        private_apt apt-get download "$kernel_package=$version" >> "$log" 2>&1 && return
        say "version $version cannot be downloaded: trying the one before"
    done
    fail "no version of the package $kernel_package could be downloaded from the Debian archives of" \
         "this machine's apt sources (main, security, backports). See $log"
}

stage_sources() {
    apt_dir=$work/apt
    say "fetching lists of sources"
    make_private_apt
    cd "$1"
    download_kernel
    say "downloading the sources of musl and busybox"
    run "download the sources of musl and busybox" \
        private_apt apt-get source --download-only --only-source musl busybox
    rm -f ./*.dsc ./*.asc ./*.debian.tar.*
    check_sources "$1"
    sha256sum -- * > "$work/sums"
    mv "$work/sums" SHA256SUMS
}

check_sources() {
    local musl
    musl=$(basename "$(source_file "$1" musl)")
    dpkg --compare-versions "${musl//[!0-9.]/}" ge 1.2.5 ||
        fail "the source of musl is $musl; expected 1.2.5 or newer, the first with a riscv32 port." \
             "Does the suite $source_suite still have it?"
    source_file "$1" busybox > /dev/null
}

# source_file DIRECTORY NAME: the path of one downloaded source.
source_file() {
    local found
    for found in "$1/$2"_*; do
        [ -f "$found" ] && echo "$found" && return
    done
    fail "the download directory $1 holds no file $2_*: run build.sh --update"
}

# ------------------------------------------------------------------ kernel

# check_config FRAGMENT CONFIG: kconfig drops what it cannot satisfy without a
# word; a fragment that says more than it gets is an error.
check_config() {
    local line name lost=()
    while read -r line; do
        case $line in
        CONFIG_*=*)
            grep -qxF -- "$line" "$2" || lost+=("$line") ;;
        '# CONFIG_'*' is not set')
            name=${line#\# } name=${name%% *}
            ! grep -q "^$name=" "$2" || lost+=("$line") ;;
        esac
    done < "$1"
    [ ${#lost[@]} = 0 ] || fail "the configuration does not take over these lines of $(basename "$1"):" \
        "$(printf "'%s' " "${lost[@]}"): an option they depend on is missing, or the version has no such option"
}

stage_kernel() {
    local source=$work/linux build=$work/linux-build
    say "unpacking the kernel"
    mkdir "$source" "$build"
    dpkg-deb --fsys-tarfile "$(source_file "$sources" "$kernel_package")" |
        tar -xO "./usr/src/$kernel_package.tar.xz" | tar -xJ -C "$source" --strip-components=1
    # kconfig writes down which of the last three it finds, and the kernel holds its .config.
    local make=(make -C "$source" "O=$build" ARCH=riscv "CROSS_COMPILE=$cross" "-j$(nproc)"
                RUSTC=false BINDGEN=false PAHOLE=false)
    run "configure the kernel" "${make[@]}" "KCONFIG_ALLCONFIG=$inputs/kernel.fragment" allnoconfig
    check_config "$inputs/kernel.fragment" "$build/.config"
    say "building the kernel (five to ten minutes on two cores)"
    run "build the kernel" "${make[@]}" Image
    run "install the kernel's headers" "${make[@]}" "INSTALL_HDR_PATH=$1" headers_install
    cp "$build/arch/riscv/boot/Image" "$build/vmlinux" "$build/System.map" "$build/usr/gen_init_cpio" "$1"
    cp "$build/.config" "$1/kernel.config"
    rm -rf "$source" "$build"
}

# ---------------------------------------------------------------- userland

# guest_cc SYSROOT: prints the command that compiles and links for the guest.
# A specs file tells the Linux cross compiler about another C library: musl's
# headers, start files and libc, and the RV32 libgcc of the bare-metal compiler
# (its own is RV64). Neither the place of the sysroot nor that of the build
# shows in what is built.
guest_cc() {
    local libgcc
    # With _zicsr_zifencei in -march it would silently answer its RV64 library.
    libgcc=$("$elf_cc" -march="${march%%_*}" -mabi=$mabi -print-libgcc-file-name)
    case $libgcc in
    */rv32*/"$mabi"/libgcc.a) ;;
    *) fail "$elf_cc gives '$libgcc' as its libgcc for ${march%%_*}/$mabi; expected one in .../rv32.../$mabi/." \
            "Is the package gcc-riscv64-unknown-elf whole?" ;;
    esac
    cat > "$work/musl.specs" << END
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem $1/include -isystem include%s %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $1/include -isystem include%s

*link_libgcc:
-L$1/lib

*libgcc:
$libgcc

*lib:
-lc

*startfile:
$1/lib/crt1.o $1/lib/crti.o

*endfile:
$1/lib/crtn.o

*link:
-melf32lriscv -nostdlib -static --build-id=none -z noexecstack

END
    echo "${cross}gcc -specs=$work/musl.specs -march=$march -mabi=$mabi -fno-pie -no-pie -static" \
         "-ffile-prefix-map=$work=. -ffile-prefix-map=$1=."
}

build_musl() {
    local build=$work/musl
    say "building musl"
    mkdir "$build"
    tar -xf "$(source_file "$sources" musl)" -C "$build" --strip-components=1
    cd "$build"
    run "configure musl" ./configure --target=riscv32 --prefix="$1" --disable-shared \
        "CC=${cross}gcc -march=$march -mabi=$mabi -fno-pie -ffile-prefix-map=$build=." \
        "CROSS_COMPILE=$cross" LIBCC=
    run "build musl" make "-j$(nproc)" install-libs install-headers
    cp -r "$kernel/include/." "$1/include/"
    cd "$work"
    rm -rf "$build"
}

build_busybox() {
    local build=$work/busybox option cc
    say "building busybox"
    mkdir "$build"
    tar -xf "$(source_file "$sources" busybox)" -C "$build" --strip-components=1
    cd "$build"
    cc=$(guest_cc "$1")
    local make=(make "-j$(nproc)" "CC=$cc" "CROSS_COMPILE=$cross" ARCH=riscv SKIP_STRIP=n)
    run "configure busybox" "${make[@]}" defconfig
    # The last word on an option counts: drop the defaults that the fragment changes.
    while read -r option; do
        sed -i "/^$option=/d; /^# $option is not set/d" .config
    done < <(grep -oE 'CONFIG_[A-Za-z0-9_]+' "$inputs/busybox.fragment")
    cat "$inputs/busybox.fragment" >> .config
    { yes '' || true; } | "${make[@]}" oldconfig >> "$log" 2>&1 || fail "could not configure busybox: see $log"
    check_config "$inputs/busybox.fragment" .config
    run "build busybox" "${make[@]}" busybox busybox.links
    cp busybox busybox.links "$1"
    cp .config "$1/busybox.config"
    cd "$work"
    rm -rf "$build"
}

stage_userland() {
    build_musl "$1"
    build_busybox "$1"
}

# ------------------------------------------------------------------ result

# Our own programs, one for each directory in src/ but include/.
build_programs() {
    local dir name command cc
    command=$(guest_cc "$userland")
    read -ra cc <<< "$command"
    for dir in "$inputs"/src/*/; do
        name=$(basename "$dir")
        [ "$name" != include ] || continue
        run "compile src/$name" "${cc[@]}" -std=gnu11 -O2 -ffp-contract=off -Wall -Wextra -Werror \
            -pthread -s "-ffile-prefix-map=$inputs=." -I "$inputs/src/include" \
            -o "$1/$name" "$dir"*.c -lm
    done
}

# The initramfs is what initramfs.list says, and one link for each applet.
build_initramfs() {
    local list=$work/initramfs.list link
    {
        cat "$inputs/initramfs.list"
        while read -r link; do
            [ "$link" = /bin/busybox ] || echo "slink $link /bin/busybox 777 0 0"
        done < "$userland/busybox.links"
    } > "$list"
    # The kernel's own tool: makes device nodes without root, owners and times as told.
    ROOT=$inputs/root PROGRAMS=$work/programs USERLAND=$userland \
        "$kernel/gen_init_cpio" -t "$SOURCE_DATE_EPOCH" "$list" > "$work/initramfs.cpio" 2>> "$log" ||
        fail "could not make the initramfs from initramfs.list: $(tail -n 1 "$log")"
    gzip -9n < "$work/initramfs.cpio" > "$1/initramfs.cpio.gz"
}

stage_result() {
    mkdir "$work/programs"
    say "building the self-test and the initramfs"
    build_programs "$work/programs"
    build_initramfs "$1"
    cp "$kernel"/{Image,vmlinux,System.map,kernel.config} "$userland/busybox.config" "$sources/SHA256SUMS" "$1"
}

# ------------------------------------------------------------------ stages

# The versions of what compiles; they are part of what a stage is made from.
compiler_versions() {
    local tool
    for tool in "${cross}gcc" "${cross}ld" "$elf_cc"; do
        "$tool" --version | head -n 1
    done
}

# text_of NAME...: the text of functions of this script.
text_of() { declare -f "$@"; }

hash_of() { sha256sum | cut -c 1-16; }

# ensure STAGE DIRECTORY: fills DIRECTORY by stage_STAGE, unless it is there.
ensure() {
    [ -d "$2" ] && return
    local new=$work/$1
    mkdir "$new"
    "stage_$1" "$new"
    mv -T "$new" "$2"
}

# Says where each stage belongs, going by the files in $inputs. Needs the sources
# and the compilers to be there.
name_stages() {
    local common
    common=$(compiler_versions; cat "$sources/SHA256SUMS"; declare -p cross elf_cc march mabi
             declare -p "${!KBUILD_BUILD_@}" SOURCE_DATE_EPOCH)
    kernel=$cache/kernel-$({ echo "$common"; text_of stage_kernel; cat "$inputs/kernel.fragment"; } | hash_of)
    userland=$cache/userland-$({ echo "$common ${kernel##*/}"; cat "$inputs/busybox.fragment"
        text_of stage_userland build_musl build_busybox guest_cc; } | hash_of)
    result=$cache/linux-$({ echo "${kernel##*/} ${userland##*/}"; cd "$inputs"
        find "${input_files[@]}" -type f | sort | xargs sha256sum; } | hash_of)
}

# Is there a result for the files as they are?
already_built() {
    # The names have the compilers' versions in them.
    [ -f "$sources/SHA256SUMS" ] && command -v "${cross}gcc" "$elf_cc" > /dev/null || return
    inputs=$here
    name_stages
    [ -d "$result" ]
}

build() {
    # One build at a time; the lock goes when this process goes, however it ends.
    exec 9> "$cache/linux.lock"
    flock -n 9 || { say "another build is under way: waiting for it"; flock 9; }
    rm -rf "$cache"/linux-work.*            # left by a build that was killed
    work=$(mktemp -d "$cache/linux-work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    : > "$log"
    # What is hashed is what is built, even if somebody edits the files meanwhile.
    inputs=$work/inputs
    mkdir "$inputs"
    (cd "$here" && cp -r "${input_files[@]}" "$inputs")

    "$here/../../.ci/packages" linux >&2
    [ "$1" = no ] || rm -rf "$sources"
    ensure sources "$sources"
    name_stages
    ensure kernel "$kernel"
    ensure userland "$userland"
    ensure result "$result"
    say "done: Image $(stat -c %s "$result/Image") bytes," \
        "initramfs.cpio.gz $(stat -c %s "$result/initramfs.cpio.gz") bytes"
}

usage() {
    sed -n '/^# Usage/,/^#$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

main() {
    local update=no
    case "$#:${1:-}" in
    0:)         ;;
    1:--update) update=yes ;;
    *)          say "error: expected no argument or --update, got '$*'"; usage ;;
    esac
    mkdir -p "$cache" || fail "cannot make the directory $cache for the results: set XDG_CACHE_HOME to a place you can write to"
    sources=$cache/linux-sources
    if [ $update = yes ] || ! already_built; then
        build $update
    fi
    echo "$result"
}

main "$@"
