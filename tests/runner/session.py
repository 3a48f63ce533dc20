"""Runs one command as a person at its terminal would: reads, types when asked, loses patience."""

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass

from .cases import TREE


CANNOT_START = 127      # as a shell has it


@dataclass
class Transcript:
    """What a run has shown."""
    text: str
    status: int          # of the command; None when it had to be killed
    seconds: float
    typed: int           # how many lines of the dialogue were typed


class Session:
    """A running command with its log. The command gets a process group of its own, which is all
    that is ever killed."""

    def __init__(self, case, log_path):
        self.case = case
        self.log = open(log_path, 'wb')
        self.log.write(('$ ' + shlex.join(case.command) + '\n').encode())
        self.raw = b''
        self.seen = 0        # how far the dialogue has read
        self.typed = 0
        self.process = subprocess.Popen(
            case.command, cwd=TREE, start_new_session=True,
            stdin=subprocess.PIPE if case.input else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def text(self):
        """What is read on the console: without what has been erased at once (a prompt, say)."""
        # Anchored: else a long line is searched again from each of its letters.
        text = re.sub(r'^[^\n]*\r\x1b\[K', '', self.raw.decode('utf-8', 'replace'), flags=re.MULTILINE)
        return text.replace('\r', '')

    def type_what_is_due(self):
        while self.typed < len(self.case.input):
            wait, line = self.case.input[self.typed]
            found = re.compile(wait, re.MULTILINE).search(self.text(), self.seen)
            if not found:
                return
            self.seen = found.end()
            self.typed += 1
            try:
                self.process.stdin.write(line.encode())
                self.process.stdin.flush()
            except BrokenPipeError:
                return

    def shown_all(self):
        """For a run that is ended from outside once it has shown something: the text up to there,
        or None."""
        if not self.case.ends_at:
            return None
        text = self.text()
        found = re.search(self.case.ends_at, text, re.MULTILINE)
        return text[:found.end()] if found else None

    def read_until(self, deadline):
        """Reads until the output ends, or is enough. False when the deadline came first."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while time.monotonic() < deadline:
                if not selector.select(deadline - time.monotonic()):
                    continue
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    return True
                self.raw += data
                self.log.write(data)
                self.log.flush()
                self.type_what_is_due()
                if self.shown_all() is not None:
                    return True
        return False

    def wait(self, deadline):
        try:
            return self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        """Ends the whole process group; children of the command hold its output open as well."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.wait(time.monotonic() + 3)
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def close(self):
        self.process.stdout.close()
        if self.process.stdin:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        self.log.close()


class Sessions:
    """All that runs at the moment, so that nothing is left running when the runner is ended."""

    def __init__(self):
        self.live = set()
        self.stopped = False

    def stop(self):
        self.stopped = True
        for session in list(self.live):
            session.kill()

    def run(self, case, log_path, patience=1.0):
        """Runs a case to its end or its time limit. None when all has been stopped."""
        if self.stopped:
            return None
        started = time.monotonic()
        deadline = started + case.timeout * patience
        try:
            session = Session(case, log_path)
        except OSError as error:
            return Transcript(f'cannot be started: {error}', CANNOT_START, 0, 0)
        self.live.add(session)
        status = None
        try:
            if session.read_until(deadline):
                if session.shown_all() is not None:
                    session.kill()
                status = session.wait(deadline)
        finally:
            self.live.discard(session)
            if status is None:
                session.kill()
            session.close()
        text = session.shown_all() or session.text()
        return Transcript(text, status, time.monotonic() - started, session.typed)
