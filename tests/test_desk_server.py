"""The server of the desk: who may ask, what is told before an answer, what is sent back."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_cases import TOKEN, Served, book_at, learn_backwards, make_batch, make_setting, serve

from imagery.errors import InputError
from labels.book import Book
from labels.desk.guard import Door
from labels.desk.server import bind
from labels.desk.tokens import make_token

REASONS = re.compile(r"top|unsure|strange|random|chance|score")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_at(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def served(book: Book) -> Iterator[Served]:
    setting = make_setting(make_batch(60, twice=(1,)), book, learn_backwards)
    with serve(setting) as found:
        yield found


def test_the_page_opens_with_the_token_only(served: Served) -> None:
    page = served.ask("GET", f"/?token={TOKEN}", cookie="")
    assert page.status == 200
    assert "HttpOnly" in page.headers["set-cookie"]
    assert "SameSite=strict" in page.headers["set-cookie"]
    assert TOKEN not in page.body.decode()

    assert served.ask("GET", "/").status == 200
    assert served.ask("GET", "/", cookie="").status == 403
    assert served.ask("GET", "/?token=wrong").status == 403
    assert served.ask("GET", "/page/desk.js", cookie="").status == 403
    assert served.ask("GET", "/chip/0/now.webp", cookie=f"{served.door.cookie}=é").status == 403
    assert served.ask("POST", "/next", {"who": "Ann"}, cookie="").status == 403


def test_every_answer_forbids_other_hosts(served: Served) -> None:
    for path in ("/", "/page/page.css", "/chip/0/now.webp", "/nothing", "/page/../desk.py"):
        headers = served.ask("GET", path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert served.ask("GET", "/page/../desk.py").status == 404
    assert served.ask("GET", "/page/index.html").status == 404
    assert "server" not in served.ask("GET", "/").headers


@pytest.mark.parametrize(
    "host", ["evil.example:PORT", "127.0.0.1", "127.0.0.1:1", "", "192.168.1.5:PORT", "localhost."]
)
def test_another_host_is_refused(served: Served, host: str) -> None:
    """A name that was pointed here by a page elsewhere is none of ours."""
    name = host.replace("PORT", str(served.door.port)) or "x"
    assert served.ask("GET", "/", host=name).status == 421


def test_another_origin_sends_no_answer(served: Served) -> None:
    for origin in ("http://evil.example", "null", "", f"https://127.0.0.1:{served.door.port}"):
        assert served.ask("POST", "/next", {"who": "Ann"}, origin=origin).status == 403
    text = served.ask("POST", "/next", {"who": "Ann"}, content_type="text/plain")
    assert text.status == 413
    assert served.ask("POST", "/next", {"who": "x" * 20_000}).status == 413
    assert served.ask("POST", "/next", ["Ann"]).status == 400
    assert served.ask("POST", "/next", {"who": ""}).status == 400
    assert served.ask("GET", "/next").status == 405


def test_nothing_says_why_before_the_answer(served: Served, book: Book) -> None:
    """The reason comes with the answer; an answer sent twice is written once."""
    page = served.ask("GET", "/").body.decode()
    facts = re.search(r'id="facts">(.*?)</script>', page)
    assert facts
    assert not REASONS.search(facts[1])

    got = served.ask("POST", "/next", {"who": "Ann"})
    card = got.json["card"]
    assert isinstance(card, dict)
    assert not REASONS.search(json.dumps(card))
    place = card["place"]
    heat = f"/heat/{place}.webp?who=Ann"
    assert served.ask("GET", heat).status == 403

    said = {"who": "Ann", "place": place, "roof": "pct_50_99", "seconds": 3}
    for _ in range(2):
        reply = served.ask("POST", "/answer", said)
        assert reply.status == 200
        last = reply.json["last"]
        assert isinstance(last, dict)
        assert last["reason"] == "at the top of the list; score 0.50"
        assert last["said"] == "50 to 99% open"
    assert served.ask("POST", "/answer", said | {"roof": "pct_0"}).status == 409
    assert [look.roof for look in book.looks()] == ["pct_50_99"]
    assert served.ask("GET", heat).status == 200
    assert served.ask("GET", heat.replace("Ann", "Bob")).status == 403


def test_the_answer_is_in_the_book_when_it_is_acknowledged(served: Served, book: Book) -> None:
    """Ten answers, and the head is refit after the tenth has been answered."""
    for number in range(12):
        got = served.ask("POST", "/next", {"who": "Cy"}).json["card"]
        assert isinstance(got, dict)
        said = {"who": "Cy", "place": got["place"], "roof": "pct_0", "seconds": 2}
        assert served.ask("POST", "/answer", said).status == 200
        assert sum(look.who == "Cy" for look in book.looks()) == number + 1

    progress = served.ask("POST", "/progress", {"who": "Cy"}).json
    learned = progress["learned"]
    assert isinstance(learned, dict)
    assert learned["listed"] == 31
    assert progress["seen"] == served.desk.answers.seen


def test_a_page_of_another_batch_answers_nothing(served: Served, book: Book) -> None:
    """Its third roof is not ours."""
    before = len(book.looks())
    said = {"who": "Eve", "place": 3, "roof": "pct_100", "batch": "another"}
    reply = served.ask("POST", "/answer", said)
    assert reply.status == 409
    assert b"open it again" in reply.body
    assert len(book.looks()) == before


def test_photos_are_kept_by_their_checksum(served: Served) -> None:
    card = served.ask("POST", "/next", {"who": "Di"}).json["card"]
    assert isinstance(card, dict)
    photo = served.ask("GET", f"/{card['now']['address']}")
    assert photo.headers["content-type"] == "image/webp"
    assert photo.headers["cache-control"].startswith("private")
    assert photo.body[8:12] == b"WEBP"
    assert served.ask("GET", "/chip/0/before.webp").status == 404, "it has no photo of before"
    assert served.ask("GET", "/chip/999/now.webp").status == 404


def test_a_shared_desk_knows_its_own_names() -> None:
    door = Door(host="0.0.0.0", port=80, tokens=(make_token(),))
    assert door.is_shared
    for host in ("192.168.1.5:80", f"{socket.gethostname()}:80", "localhost:80", "[fe80::1]:80"):
        assert door.is_host(host)
    for host in ("desk.evil.example:80", "192.168.1.5", "192.168.1.5:81"):
        assert not door.is_host(host)
    assert len(make_token().text) >= 32
    assert make_token() != make_token()
    assert door.tokens[0].text not in repr(door)


def test_a_port_that_is_taken_is_one_line(served: Served) -> None:
    with pytest.raises(InputError, match="give another --port"):
        bind("127.0.0.1", served.door.port)


def test_no_file_of_the_page_names_another_host() -> None:
    folder = Path(__file__).parents[1] / "labels" / "desk" / "page"
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"https?://[^\s\"']+", text)
        assert set(found) <= {"http://www.w3.org/2000/svg"}, path.name
