"""People and `wrk` at the desk of `benchmarks.team_setup`: what is served, what is lost."""

import hashlib
import http.client
import json
import re
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from benchmarks.team_place import READERS, Place
from benchmarks.team_servers import checked, connect, find_program, trusted

RATE = 200
"""Requests a second, all readers together."""
SHARES = ("pct_0", "pct_under_10", "pct_10_24", "pct_50_99", "cannot_tell")
PACED = """
local chips, cookie, delay_ms = {chips}, "{cookie}", {delay_ms}
local turn = 0
wrk.headers["Cookie"] = cookie
request = function()
  turn = (turn + 1) % chips
  return wrk.format("GET", "/chip/" .. turn .. "/now.webp")
end
if delay_ms > 0 then delay = function() return delay_ms end end
"""
"""What wrk does: photos one after the other, with a pause before each."""


@dataclass(kw_only=True, eq=False)
class Tally:
    """What people sent and got, all of them together."""

    seconds: list[float] = field(default_factory=list)
    """How long each request took."""
    looks: dict[str, str] = field(default_factory=dict)
    """Look that was acknowledged, by its note, which no other look has."""
    photos: dict[str, set[str]] = field(default_factory=dict)
    """Checksums of what came under the address of a photo."""
    resent: int = 0
    """Requests that were sent again because the desk was gone."""
    began: float = field(default_factory=time.monotonic)
    """When."""
    taken: float = 0.0
    """Seconds it took."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep_photo(self, path: str, content: bytes) -> None:
        """Keep the checksum of a photo."""
        with self._lock:
            self.photos.setdefault(path, set()).add(hashlib.sha256(content).hexdigest())

    def line(self) -> str:
        """Say what came of it."""
        ordered = sorted(self.seconds)
        middle = statistics.median(ordered) * 1000
        late = ordered[int(len(ordered) * 0.99)] * 1000
        again = f", {self.resent} sent again" if self.resent else ""
        return (
            f"{len(ordered)} requests, {len(ordered) / self.taken:.0f} a second, "
            f"median {middle:.0f} ms, 99% {late:.0f} ms, {len(self.looks)} looks{again}"
        )


class Reader:
    """A person at the desk, with a browser of their own."""

    def __init__(self, place: Place, who: str) -> None:
        """Open the page with the token of the person."""
        self.place = place
        self.who = who
        self.tally = Tally()
        self.connection: http.client.HTTPSConnection | None = None
        self.headers: dict[str, str] = {}
        self.last: dict[int, str] = {}
        self.turn = 0
        page, headers = self.ask("GET", f"/?token={place.tokens[who]}")
        self.headers["Cookie"] = headers["set-cookie"].partition(";")[0]
        found = re.search(rb'id="facts">(.*?)</script>', page)
        assert found
        self.batch = json.loads(found[1])["batch"]
        progress = json.loads(self.ask("POST", "/progress", {})[0])
        self.roofs = int(progress["roofs"])

    def look(self) -> None:
        """Say something of a roof; from the second round on it corrects what was said before.

        The first roof is left out, so that the batch is never finished.
        """
        roof = 1 + self.turn // 4 % (self.roofs - 1)
        note = f"{self.who}, request {self.turn}"
        said = {
            "place": roof,
            "roof": SHARES[self.turn % len(SHARES)],
            "note": note,
            "seconds": 1,
            "corrects": self.last.get(roof, ""),
        }
        answer = json.loads(self.ask("POST", "/answer", said)[0])
        self.last[roof] = self.tally.looks[note] = answer["last"]["look_id"]

    def photo(self) -> None:
        """Get a photo."""
        path = f"/chip/{self.turn % self.roofs}/now.webp"
        self.tally.keep_photo(path, self.ask("GET", path)[0])

    def ask(self, method: str, path: str, body: object = None) -> tuple[bytes, dict[str, str]]:
        """Send a request until it is answered, as the page does."""
        while True:
            began = time.monotonic()
            try:
                status, content, headers = self._send(method, path, body)
            except (OSError, HTTPException):
                status, content, headers = 502, b"", {}
                self.connection = None
            if status == 200:
                self.tally.seconds.append(time.monotonic() - began)
                return content, headers
            if status < 500:
                raise SystemExit(f"{path.partition('?')[0]}: {status} {content[:200]!r}")
            self.tally.resent += 1
            time.sleep(0.5)

    def _send(self, method: str, path: str, body: object) -> tuple[int, bytes, dict[str, str]]:
        if self.connection is None:
            context = trusted(self.place)
            port = self.place.ports.tls
            self.connection = http.client.HTTPSConnection(
                "localhost", port, context=context, timeout=30
            )
        sent = dict(self.headers)
        content = None
        if isinstance(body, dict):
            content = json.dumps({"who": "somebody", "batch": self.batch, **body})
            sent |= {"Origin": self.place.desk, "Content-Type": "application/json"}
        self.connection.request(method, path, content, sent)
        reply = self.connection.getresponse()
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return reply.status, reply.read(), headers


def people(readers: list[Reader], *, seconds: float, rate: float) -> Tally:
    """Let all readers look at once, at a rate of requests of all of them together.

    Every fourth request is a look, the others are photos.
    """
    tally = Tally()

    def work(reader: Reader) -> None:
        reader.tally = tally
        due = tally.began
        while due < tally.began + seconds:
            reader.turn += 1
            if reader.turn % 4:
                reader.photo()
            else:
                reader.look()
            due += len(readers) / rate
            time.sleep(max(0.0, due - time.monotonic()))

    with ThreadPoolExecutor(len(readers)) as pool:
        list(pool.map(work, readers))
    tally.taken = time.monotonic() - tally.began
    for path, found in tally.photos.items():
        if len(found) != 1:
            raise SystemExit(f"{path} came with {len(found)} contents")
    return tally


def wrk(place: Place, *, seconds: int, paced: bool) -> str:
    """Let wrk ask for photos over as many connections as there are readers; return its figures.

    Raises:
        SystemExit: an answer was none, or another than 200.
    """
    reader = Reader(place, next(iter(place.tokens)))
    script = place.root / "wrk.lua"
    # wrk knows no rate: of the 100 ms of a turn it waits 60, and the answer takes the others.
    delay_ms = 600 * READERS // RATE if paced else 0
    cookie = reader.headers["Cookie"]
    text = PACED.format(chips=reader.roofs, cookie=cookie, delay_ms=delay_ms)
    script.write_text(text, encoding="utf-8")
    many = ["-t", "2", "-c", str(READERS), "-d", f"{seconds}s", "--latency", "-s", str(script)]
    said = checked([find_program("wrk"), *many, place.desk], {})
    Path(script).unlink()

    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"wrk: {said}")
    rate = re.search(r"Requests/sec:\s+(\S+)", said)
    late = re.search(r"99%\s+(\S+)", said)
    total = re.search(r"(\d+) requests in", said)
    assert rate
    assert late
    assert total
    return f"wrk: {total[1]} photos, {float(rate[1]):.0f} a second, 99% {late[1]}, all 200"


def nothing_lost(place: Place, tallies: list[Tally]) -> int:
    """Compare what was acknowledged with the rows of PostgreSQL; return how many there are.

    Raises:
        SystemExit: a look is missing, is there twice, or nobody was told of it.
    """
    said: dict[str, str] = {}
    for tally in tallies:
        said |= tally.looks
    with connect(place, "looks_writer", "looks") as connection:
        rows = connection.execute("SELECT note, look_id FROM looks").fetchall()
    found = {str(note): str(look_id) for note, look_id in rows}
    if len(rows) != len(said) or found != said:
        missing = sorted(said.keys() - found.keys())[:3]
        more = sorted(found.keys() - said.keys())[:3]
        raise SystemExit(f"{len(said)} looks, {len(rows)} rows; missing {missing}, more {more}")
    return len(rows)
