"""The initramfs of guest/linux with files of a test added, and its contents as a directory."""

import gzip
import os
import stat
import subprocess

from . import TREE

LINUX = os.path.join(TREE, 'build', 'linux')
BASE = os.path.join(LINUX, 'initramfs.cpio.gz')
SCRIPTS = os.path.join(TREE, 'tests', 'linux')

MAGIC = b'070701'               # cpio's "new" format: 13 fields of 8 hexadecimal digits follow
FIELDS = 13
TRAILER = 'TRAILER!!!'


def build_linux():
    """By hand, nobody has built it yet. run.py has, before it starts the cases."""
    if os.environ.get('TWOFOLD_BUILD') != 'no':
        subprocess.run(['./qemu-run.sh', '--linux', '--dry-run'], cwd=TREE, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)


def padded(data):
    return data + bytes(-len(data) % 4)


def entry(number, name, mode, data=b''):
    encoded = name.encode() + b'\0'
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    header = MAGIC + ''.join(f'{field:08x}' for field in fields).encode()
    return padded(header + encoded) + padded(data)


def archive(files):
    """A cpio archive. `files`: path -> (mode, bytes); None for a directory."""
    entries = []
    for number, (path, content) in enumerate(files.items(), 1):
        kind, mode, data = (stat.S_IFDIR, 0o755, b'') if content is None else (stat.S_IFREG, *content)
        entries.append(entry(number, path.lstrip('/'), kind | mode, data))
    return b''.join(entries) + entry(0, TRAILER, 0)


def test_files():
    """What stands below /test in the guest: the scripts of tests/linux."""
    files = {'/test': None}
    for name in sorted(os.listdir(SCRIPTS)):
        with open(os.path.join(SCRIPTS, name), 'rb') as script:
            files[f'/test/{name}'] = (0o755, script.read())
    return files


def build(path):
    """Writes the initramfs with the scripts of the tests. The kernel unpacks one archive after the other."""
    build_linux()
    with open(BASE, 'rb') as base, open(path, 'wb') as out:
        out.write(base.read())
        out.write(gzip.compress(archive(test_files()), mtime=0))


def entries_of(data):
    """(path, mode, content) of each entry of an archive, up to its trailer."""
    at = 0
    while True:
        assert data[at:at + len(MAGIC)] == MAGIC, 'no cpio archive of the "new" format'
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(FIELDS)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name_at = at + 6 + 8 * FIELDS
        name = data[name_at:name_at + name_size - 1].decode()
        content_at = (name_at + name_size + 3) & ~3
        if name == TRAILER:
            return
        yield name, mode, data[content_at:content_at + size]
        at = (content_at + size + 3) & ~3


def unpack(folder):
    """The same as a directory, for an image of a root file system; without device nodes."""
    build_linux()
    with gzip.open(BASE) as base:
        entries = list(entries_of(base.read()))
    entries += entries_of(archive(test_files()))
    for name, mode, content in entries:
        path = os.path.join(folder, name.lstrip('/'))
        if stat.S_ISDIR(mode):
            os.makedirs(path, exist_ok=True)
        elif stat.S_ISLNK(mode):
            os.symlink(content.rstrip(b'\0').decode(), path)
        elif stat.S_ISREG(mode):
            with open(path, 'wb') as file:
                file.write(content)
            os.chmod(path, stat.S_IMODE(mode))
