"""A machine with VMs, run in QEMU and watched from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

from . import TREE, initramfs

END_MARGIN = 30                 # seconds for a run to end, beyond what was waited for


class MachineError(Exception):
    """The machine did not do what was waited for."""


@dataclass
class Vm:
    """A Linux VM of the description. `arguments` are words of its kernel command line, for the script."""
    name: str
    script: str
    arguments: str = ''
    cpus: int = 1
    memory: str = '64M'
    properties: str = ''
    initrd: bool = True

    def node(self):
        bootargs = f'console=ttyS0 loglevel=2 vm={self.name} onboot=/test/{self.script} {self.arguments}'.strip()
        return (f'    {self.name} {{ memory = "{self.memory}"; cpus = <{self.cpus}>; kernel = &linux;'
                f'{" initrd = &root;" if self.initrd else ""}\n'
                f'        bootargs = "{bootargs}";\n        {self.properties} }};\n')


def describe(vms, images):
    """The description as DTS. `images`: more of them, label -> path."""
    nodes = ''.join(f'        {label}: {label} {{ data = /incbin/("{path}"); }};\n' for label, path in images.items())
    return ('/dts-v1/;\n/ { compatible = "twofold,vms";\n    images {\n' + nodes + '    };\n' +
            ''.join(vm.node() for vm in vms) + '};\n')


class Machine:
    """A run of qemu-run.sh, which becomes QEMU: the process is QEMU's. `folder` gets all files of the run."""

    def __init__(self, folder, vms, images=None, disks=(), nets=0, harts=2, ram='512M', options=(), qemu=()):
        self.folder = folder
        self.vms = vms
        os.makedirs(folder, exist_ok=True)
        root = os.path.join(folder, 'initramfs.cpio.gz')
        initramfs.build(root)
        all_images = {'linux': os.path.join(initramfs.LINUX, 'Image'), 'root': root, **(images or {})}
        description = os.path.join(folder, 'vms.dts')
        with open(description, 'w', encoding='utf-8') as file:
            file.write(describe(vms, all_images))
        self.control_path = os.path.join(folder, 'qmp')
        command = ['./qemu-run.sh', '--vms', description, '--harts', str(harts), '--ram', ram, *options]
        for disk in disks:
            command += ['--disk', disk]
        command += ['--net'] * nets
        # The path of a socket must be short.
        command += ['--', '-qmp', f'unix:{os.path.relpath(self.control_path, TREE)},server=on,wait=off', *qemu]
        self.lines = []
        self.control = None
        self.changed = threading.Condition()
        self.ended = False
        self.process = subprocess.Popen(command, cwd=TREE, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.reader.join()
        self.process.stdout.close()

    def log_path(self):
        return os.path.relpath(os.path.join(self.folder, 'log'), TREE)

    def read(self):
        with open(os.path.join(self.folder, 'log'), 'wb') as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self.changed:
                    self.lines.append(line.decode('utf-8', 'replace').replace('\r', '').rstrip('\n'))
                    self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def text(self):
        with self.changed:
            return '\n'.join(self.lines)

    def of_vm(self, name):
        """The lines that a VM has printed. One that is alone has no name before its lines."""
        prefix = f'[{name}] ' if len(self.vms) > 1 else ''
        return '\n'.join(line[len(prefix):] for line in self.text().splitlines() if line.startswith(prefix))

    def wait_for(self, pattern, seconds):
        """Waits until a line matches."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self.changed:
            while True:
                for line in self.lines[seen:]:
                    if re.search(pattern, line):
                        return line
                seen = len(self.lines)
                if self.ended:
                    raise MachineError(f'the machine ended before "{pattern}" came; see {self.log_path()}')
                if not self.changed.wait(deadline - time.monotonic()):
                    raise MachineError(f'"{pattern}" did not come in {seconds} s; see {self.log_path()}')

    def wait(self, seconds):
        """Waits for the end; returns the exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MachineError(f'no end within {seconds} s; see {self.log_path()}') from None
        self.reader.join()
        return status

    def kill(self):
        """The machine loses its power."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def qmp(self, command, **arguments):
        """A command to QEMU; returns its answer."""
        try:
            if not self.control:
                self.control = Control(os.path.relpath(self.control_path))
            return self.control.execute(command, arguments)
        except (OSError, ValueError) as problem:
            raise MachineError(f'{command}: QEMU does not answer: {problem}; see {self.log_path()}') from None


class Control:
    """A connection by QMP: a line of JSON each way, events in between."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile('rw', encoding='utf-8')
        self.file.readline()                    # the greeting
        self.execute('qmp_capabilities', {})

    def execute(self, command, arguments):
        self.file.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if 'error' in answer:
                raise MachineError(f"{command}: {answer['error']['desc']}")
            if 'return' in answer:
                return answer['return']
