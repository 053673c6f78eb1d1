"""A proxy in front of an object store that answers as stores do on a bad day."""

import os
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

SLOW_DOWN = b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce</Message></Error>'
FAULTS = ("503", "500", "reset", "cut", "short", "hang")
"""Answers: throttled, failed, the line reset midway, the body cut short, a body that is shorter
than asked for but says so itself, and none at all."""
EXCEPTION = (
    b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/1.1" version="2.0.0">'
    b'<ows:Exception exceptionCode="NoApplicableCode"><ows:ExceptionText>database is away'
    b"</ows:ExceptionText></ows:Exception></ows:ExceptionReport>"
)
"""What a WFS answers with status 200: the fault "exception"."""
HANG_S = 1_000.0
KEPT = ("host", "connection", "content-length", "transfer-encoding")
"""Headers that a proxy makes itself."""


@dataclass(kw_only=True)
class Weather:
    """What the proxy does, and what it saw."""

    fault: str = ""
    """One of `FAULTS`, or "exception"; "" for none."""
    methods: tuple[str, ...] = ("GET",)
    """Which requests it strikes."""
    part: str = ""
    """Part of the path of what it strikes."""
    times: int = 1
    """How often it strikes the same request; afterwards that one is answered."""
    one_in: int = 1
    """It strikes one of so many requests, always the same."""
    struck: Counter[str] = field(default_factory=Counter)
    """Faults by request."""
    asked: int = 0
    """Requests."""
    bytes_out: int = 0
    """Bytes of bodies passed on to those who asked."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def strikes(self, method: str, path: str, byte_range: str) -> str:
        """Return the fault that this request gets, "" for none."""
        with self.lock:
            self.asked += 1
            request = f"{method} {path} {byte_range}"
            is_meant = method in self.methods and self.part in path
            is_meant = is_meant and crc32(request.encode()) % self.one_in == 0
            if not self.fault or not is_meant or self.struck[request] >= self.times:
                return ""
            self.struck[request] += 1
            return self.fault


class Proxy(ThreadingHTTPServer):
    """Passes requests on."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: int) -> None:
        """Listen on a free port of this machine.

        Args:
            store: Port of the object store on this machine.
        """
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = store
        self.weather = Weather()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: lines are cut on purpose."""


class Handler(BaseHTTPRequestHandler):
    """Answers one line of requests."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def answer(self) -> None:
        """Pass a request on, or fail."""
        length = int(self.headers.get("Content-Length") or 0)
        weather = self.server.weather
        fault = weather.strikes(self.command, self.path, self.headers.get("Range", ""))
        if fault == "reset" and self.command in ("PUT", "POST"):
            self.rfile.read(length // 2)
            self.reset()
            return
        body = self.rfile.read(length)
        if fault in ("503", "500"):
            self.send(int(fault), SLOW_DOWN, {})
        elif fault == "exception":
            self.send(200, EXCEPTION, {"Content-Type": "text/xml"})
        elif fault == "hang":
            time.sleep(HANG_S)
        else:
            self.pass_on(body, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def pass_on(self, body: bytes, fault: str) -> None:
        """Ask the store, and give its answer as far as the weather lets it through."""
        headers = {name: text for name, text in self.headers.items() if name.lower() not in KEPT}
        headers["Host"] = self.headers["Host"]
        store = HTTPConnection("127.0.0.1", self.server.store, timeout=60)
        store.request(self.command, self.path, body, headers)
        said = store.getresponse()
        content = said.read()
        store.close()
        kept = {name: text for name, text in said.getheaders() if name.lower() not in KEPT}
        half = content[: len(content) // 2]
        if fault == "short":
            self.send(said.status, half, kept)
        elif fault:
            self.send_head(said, len(content), kept)
            self.wfile.write(half)
            self.wfile.flush()
            if fault == "reset":
                self.reset()
            else:
                self.hang_up()
        else:
            self.send(said.status, content, kept, head_length=said.getheader("Content-Length"))
            self.server.weather.bytes_out += len(content)

    def send_head(self, said: HTTPResponse, length: int, headers: dict[str, str]) -> None:
        """Promise a whole body."""
        self.send_response(said.status)
        for name, text in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, text)
        self.end_headers()

    def send(
        self, status: int, content: bytes, headers: dict[str, str], head_length: str | None = None
    ) -> None:
        """Send one whole answer."""
        length = str(len(content))
        if self.command == "HEAD" and head_length:
            length = head_length
        self.send_response(status)
        for name, text in {**headers, "Content-Length": length}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def reset(self) -> None:
        """Tear the line, without a goodbye."""
        no_goodbye = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_goodbye)
        self.close_connection = True
        os.close(self.connection.detach())

    def hang_up(self) -> None:
        """Close the line."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(store: int) -> Iterator[Proxy]:
    """Run a proxy in front of a store of this machine."""
    with Proxy(store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
