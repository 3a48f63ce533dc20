"""Disk images: made, partitioned, checked and looked into, by the tools of e2fsprogs, fdisk and QEMU."""

import hashlib
import os
import shutil
import subprocess
import tempfile

from . import initramfs

SECTOR = 512
MIB = 1024 * 1024
ROOT_SIZE = 16 * MIB

LEAKS_ONLY = 3                  # exit status of `qemu-img check`: some space is lost, and no data
FIXED = 1                       # of e2fsck: it has repaired something


class ImageError(Exception):
    """A tool refused, or an image is not as it should be."""


def tool(*command, statuses=(0,), text=None):
    """Runs a tool; returns what it said."""
    done = subprocess.run([str(word) for word in command], input=text, text=True, check=False, errors='replace',
                          stdin=subprocess.DEVNULL if text is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode not in statuses:
        raise ImageError(f"{command[0]} ended with status {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def empty(path, size):
    with open(path, 'wb') as file:
        file.truncate(size)


def ext4(path, size, folder, label='test'):
    """A file of `size` bytes with an ext4 that holds what is in `folder`."""
    empty(path, size)
    tool('mkfs.ext4', '-q', '-F', '-L', label, '-J', 'size=1', '-E', 'root_owner=0:0', '-d', folder, path)


def seeded_ext4(path, size, seed):
    """An ext4 with a file of data, `seed`, and its checksum, `seed.sum`."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'seed'), 'wb') as file:
            file.write(seed)
        with open(os.path.join(folder, 'seed.sum'), 'w', encoding='ascii') as file:
            file.write(f'{hashlib.sha256(seed).hexdigest()}  seed\n')
        ext4(path, size, folder)


def root_ext4(path):
    """The userland of the initramfs as a root file system."""
    with tempfile.TemporaryDirectory() as folder:
        initramfs.unpack(folder)
        ext4(path, ROOT_SIZE, folder, label='root')


def partition(path, size, table):
    """An image with a partition table; `table` in the language of sfdisk."""
    empty(path, size)
    tool('sfdisk', '-q', '--no-reread', '--no-tell-kernel', path, text=table)


def put(path, sector, part):
    """Copies the file `part` into the image, to that sector."""
    with open(path, 'r+b') as image, open(part, 'rb') as source:
        image.seek(sector * SECTOR)
        shutil.copyfileobj(source, image)


def cut(path, sector, sectors, part):
    """The opposite: a range of the image as a file."""
    with open(path, 'rb') as image, open(part, 'wb') as out:
        image.seek(sector * SECTOR)
        out.write(image.read(sectors * SECTOR))


def checksum(path, without=()):
    """Of an image, without some ranges, each (sector, sectors)."""
    with open(path, 'rb') as image:
        data = bytearray(image.read())
    for sector, sectors in without:
        data[sector * SECTOR:(sector + sectors) * SECTOR] = bytes(sectors * SECTOR)
    return hashlib.sha256(data).hexdigest()


def to_qcow2(path, raw):
    tool('qemu-img', 'convert', '-O', 'qcow2', raw, path)


def to_raw(path, qcow2):
    """What a qcow2 image holds. After a crash it may have lost space; anything else is an error."""
    tool('qemu-img', 'check', qcow2, statuses=(0, LEAKS_ONLY))
    tool('qemu-img', 'convert', '-O', 'raw', qcow2, path)


def replay_journal(path):
    """As the next mount would."""
    tool('e2fsck', '-E', 'journal_only', '-y', path, statuses=(0, FIXED))


def check_clean(path):
    """Raises when there is anything to repair; changes nothing."""
    tool('e2fsck', '-f', '-n', path)


def files_of(path):
    """The regular files of an ext2 or ext4: path -> bytes."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        tool('debugfs', '-R', f'rdump / {folder}', path)
        for place, _, names in os.walk(folder):
            for name in names:
                full = os.path.join(place, name)
                if os.path.islink(full):
                    continue
                with open(full, 'rb') as file:
                    files[os.path.relpath(full, folder)] = file.read()
    return files
