#!/usr/bin/env bash
#
# Boots the VMs of a description that is given as text.
#
# Usage: tests/run_description.sh NODES [OPTION OF qemu-run.sh]...
#   NODES   what stands between the braces of the root, DTS; "twofold,vms" is added

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p build/test
description=$(mktemp build/test/vms.XXXXXX.dts)
trap 'rm -f "$description"' EXIT
printf '/dts-v1/;\n/ { compatible = "twofold,vms"; %s };\n' "$1" > "$description"
shift
./qemu-run.sh --vms "$description" "$@"
