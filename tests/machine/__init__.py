"""The parts of the tests with Linux VMs and real disks and networks (tests/disks.py, nets.py, kill.py, stops.py,
faults.py): a machine (QEMU, run and watched), the initramfs with the test's scripts, disk images, the outside of a
network, the report, and what each is as a program."""

import os

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Tools for disks are where only root's PATH may lead.
os.environ['PATH'] += ':/usr/sbin:/sbin'
