"""A small sitting for the tests of the desk: chips, a book of looks in SQLite, a server."""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from imagery.chips.store import StoredChip
from labels.book import Book, open_book
from labels.desk.batch import Batch, Slot
from labels.desk.chips import DeskRoof, make_photo
from labels.desk.desk import Desk, DeskSetting
from labels.desk.guard import LOOPBACK, Door
from labels.desk.learned import Answered, Learn, Learned
from labels.desk.said import Said
from labels.desk.server import DeskApp, bind, make_server
from labels.desk.tokens import Token
from labels.desk.views import Place
from labels.intervals import Interval

DAY = date(2026, 11, 30)
TOKEN = "a-token-for-tests"
PLACE = Place(
    city="Tinyville",
    year=2024,
    flown="2024-03-01",
    before="2023-03-01",
    train="roofwatch train city.toml --year 2024",
    learns="",
    has_heat=True,
)
PARTS = ("top", "random", "unsure", "top", "unsure", "random", "top", "unsure", "strange", "top")
"""Parts of the roofs, again and again."""


def make_batch(roofs: int, *, twice: Sequence[int] = ()) -> Batch:
    """Return a batch, some roofs of which have two readers."""
    slots = [
        Slot(
            parcel_id=f"{216 + row:04d} 001",
            part=PARTS[row % len(PARTS)],
            chance=0.25 if PARTS[row % len(PARTS)] == "random" else 1.0,
            readers=2 if row in twice else 1,
        )
        for row in range(roofs)
    ]
    return Batch(year=2024, draw=1, slots=tuple(slots))


def make_chip(seed: int) -> StoredChip:
    """Return a lot of 40 x 90 pixels in noise of its own."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(60, 200, (3, 45, 23)).astype(np.uint8).repeat(2, 1).repeat(4, 2)
    mask = np.zeros(pixels.shape[1:], bool)
    mask[20:70, 25:70] = True
    return StoredChip(pixels=pixels, mask=mask)


def make_roof(parcel_id: str, seed: int) -> DeskRoof:
    """Return what is shown of a roof; every seventh has no photo of the year before."""
    chip = make_chip(seed)
    return DeskRoof(
        parcel_id=parcel_id,
        address=f"{100 + 2 * seed} <b>Peña</b> St",
        oblique=f"https://maps.example.gov/?p={seed}" if seed % 3 == 0 else "",
        photo=chip.sha256,
        now=make_photo(chip),
        before=make_photo(make_chip(1000 + seed)) if seed % 7 else None,
        score=0.5,
    )


def book_at(folder: Path) -> Book:
    """Open the book of a folder."""
    return open_book(f"sqlite:///{folder / 'looks.db'}")


def make_setting(batch: Batch, book: Book, learn: Learn | None = None) -> DeskSetting:
    """Return what a sitting starts from."""
    roofs = [make_roof(slot.parcel_id, seed) for seed, slot in enumerate(batch.slots)]
    return DeskSetting(
        batch=batch, roofs=roofs, book=book, threshold=10.0, day=lambda: DAY, learn=learn
    )


def learn_backwards(answered: Sequence[Answered]) -> Learned:
    """Find the later of the unsure roofs more doubtful."""
    share = Interval(value=0.5, low=0.25, high=0.75)
    return Learned(
        answers=len(answered),
        labels=len(answered) + 100,
        seconds=0.12,
        doubt={f"{216 + row:04d} 001": 1000.0 - row for row in range(1000)},
        listed=31,
        joined=5,
        left=2,
        precision=share,
        recall=share,
    )


def make_zero(place: int) -> Said:
    """Return the answer that nothing is open."""
    return Said(
        place=place, roof="pct_0", disposition="", confuser="", note="", seconds=4.0, corrects=""
    )


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server answers."""

    status: int
    """HTTP status."""
    headers: Mapping[str, str]
    """In lower case."""
    body: bytes
    """The content."""

    @property
    def json(self) -> dict[str, object]:
        """Return the JSON object."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, kw_only=True)
class Served:
    """A desk that listens."""

    door: Door
    """Where."""
    desk: Desk
    """The sitting."""

    @property
    def address(self) -> str:
        """Return what opens the page."""
        return self.door.address(LOOPBACK, TOKEN)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send one request with the right host, origin and cookie, unless given otherwise."""
        host = f"{LOOPBACK}:{self.door.port}"
        sent = {"host": host, "cookie": f"{self.door.cookie}={TOKEN}"}
        content = b""
        if body is not None:
            if isinstance(body, dict):
                body = {"batch": self.desk.setting.batch.name, **body}
            content = json.dumps(body).encode()
            sent |= {"origin": f"http://{host}", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(LOOPBACK, self.door.port, timeout=30)
        connection.request(
            method, path, content, {name: text for name, text in sent.items() if text}
        )
        reply = connection.getresponse()
        found = Reply(
            status=reply.status,
            headers={name.lower(): value for name, value in reply.getheaders()},
            body=reply.read(),
        )
        connection.close()
        return found


@contextmanager
def serve(
    setting: DeskSetting,
    *,
    port: int = 0,
    place: Place = PLACE,
    tokens: tuple[Token, ...] = (Token(text=TOKEN),),
    proxy: str = "",
) -> Iterator[Served]:
    """Serve a sitting in a thread."""
    listening = bind(LOOPBACK, port)
    door = Door(host=LOOPBACK, port=listening.getsockname()[1], tokens=tokens, proxy=proxy)
    desk = Desk(setting=setting)
    app = DeskApp(desk=desk, place=place, door=door, heat=lambda _: setting.roofs[0].now.webp)
    server = make_server(app.make())
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Served(door=door, desk=desk)
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
