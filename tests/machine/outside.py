"""What VMs find on the host's side of QEMU's user network: a server of files, where they can meet, and a sink."""

import hashlib
import http.server
import socketserver
import threading

MEETING_LIMIT = 150             # seconds


class Outside:
    """Servers on free ports of the loopback interface. `files`: name -> bytes; `parties`: how many VMs meet;
    `at_meeting`: called with its name when all have come, before they go on."""

    def __init__(self, files, parties, at_meeting=lambda name: None):
        self.files = files
        self.parties = parties
        self.at_meeting = at_meeting
        self.meetings = {}
        self.lock = threading.Lock()
        self.received = []              # checksums of what the sink has got
        self.servers = [http.server.ThreadingHTTPServer(('127.0.0.1', 0), self.handler(FileHandler)),
                        socketserver.ThreadingTCPServer(('127.0.0.1', 0), self.handler(SinkHandler))]
        self.http_port, self.sink_port = (server.server_address[1] for server in self.servers)
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def handler(self, kind):
        return type(kind.__name__, (kind,), {'outside': self})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def meet(self, name):
        """Returns when all have called; whether they have."""
        with self.lock:
            barrier = self.meetings.setdefault(
                name, threading.Barrier(self.parties, action=lambda: self.at_meeting(name)))
        try:
            barrier.wait(MEETING_LIMIT)
        except threading.BrokenBarrierError:
            return False
        return True


def told(data):
    """A checksum as sha256sum prints it for its input."""
    return f'{hashlib.sha256(data).hexdigest()}  -\n'.encode()


class FileHandler(http.server.BaseHTTPRequestHandler):
    """GET of /data/NAME, /sum/NAME and /meet/NAME."""
    outside = None

    def do_GET(self):
        kind, _, name = self.path[1:].partition('/')
        content = None
        if kind == 'meet' and self.outside.meet(name):
            content = b'met\n'
        elif kind in ('data', 'sum') and name in self.outside.files:
            content = self.outside.files[name]
            content = content if kind == 'data' else told(content)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class SinkHandler(socketserver.BaseRequestHandler):
    """Takes what comes, and answers with its checksum."""
    outside = None

    def handle(self):
        data = b''
        while part := self.request.recv(65536):
            data += part
        self.outside.received.append(hashlib.sha256(data).hexdigest())
        self.request.sendall(told(data))
