"""The desk behind a TLS proxy, with a token for each person."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_cases import Served, book_at, make_batch, make_setting, serve

from imagery.errors import InputError, UsageError
from labels.book import Book
from labels.desk.guard import LOOPBACK, Door
from labels.desk.tokens import Token, make_token, read_tokens

ANN = Token(text="a" * 40, who="Ann Lee")
BOB = Token(text="b" * 40, who="Bob")
PROXY = "https://Desk.City.gov/roofs/"
HOST = "desk.city.gov"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_at(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def served(book: Book) -> Iterator[Served]:
    setting = make_setting(make_batch(20), book)
    with serve(setting, tokens=(ANN, BOB), proxy=PROXY) as found:
        yield found


def cookie_of(served: Served, token: Token) -> str:
    return f"{served.door.cookie}={token.text}"


def test_the_cookie_is_for_the_encrypted_page_alone(served: Served) -> None:
    page = served.ask("GET", f"/?token={ANN.text}", cookie="", host=HOST)
    assert page.status == 200
    assert "Secure" in page.headers["set-cookie"]
    assert "Path=/roofs/;" in page.headers["set-cookie"]
    assert served.door.address("any", "T") == "https://desk.city.gov/roofs/?token=T"
    facts = re.search(r'id="facts">(.*?)</script>', page.body.decode())
    assert facts
    assert '"who": "Ann Lee"' in facts[1]


def test_only_the_address_of_the_proxy_is_answered(served: Served) -> None:
    cookie = cookie_of(served, BOB)
    for host, status in ((HOST, 200), (f"{HOST}:443", 200), ("evil.example", 421)):
        assert served.ask("GET", "/", host=host, cookie=cookie).status == status
    assert served.ask("GET", "/", cookie=cookie).status == 421, "nobody comes past the proxy"

    for origin, status in ((f"https://{HOST}", 200), (f"http://{HOST}", 403), ("", 403)):
        reply = served.ask("POST", "/next", {"who": ""}, host=HOST, cookie=cookie, origin=origin)
        assert reply.status == status


def test_looks_are_kept_under_the_name_of_the_token(served: Served, book: Book) -> None:
    sent = {"host": HOST, "cookie": cookie_of(served, BOB), "origin": f"https://{HOST}"}
    card = served.ask("POST", "/next", {"who": "Ann Lee"}, **sent).json["card"]
    assert isinstance(card, dict)
    said = {"who": "Ann Lee", "place": card["place"], "roof": "pct_0", "seconds": 2}
    assert served.ask("POST", "/answer", said, **sent).status == 200
    assert {look.who for look in book.looks()} == {"Bob"}

    stranger = sent | {"cookie": cookie_of(served, make_token())}
    assert served.ask("POST", "/answer", said, **stranger).status == 403


def test_a_file_of_tokens_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# readers\n{ANN.text} Ann Lee\n\n{BOB.text}  Bob\n", encoding="utf-8")
    path.chmod(0o640)
    assert read_tokens(path) == (ANN, BOB)


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (f"{ANN.text} Ann\n", 0o644, "chmod o-rwx"),
        (f"{ANN.text}\n", 0o600, "line 1"),
        ("short Ann\n", 0o600, "line 1: want a token of 32"),
        (f"{ANN.text} Ann\n{ANN.text} Bob\n", 0o600, "a token appears twice"),
        (f"{ANN.text} Ann\n{BOB.text} ANN\n", 0o600, "a person appears twice"),
        ("# nobody\n", 0o600, "nobody is in it"),
    ],
)
def test_a_damaged_file_of_tokens_is_one_line(
    tmp_path: Path, text: str, mode: int, message: str
) -> None:
    path = tmp_path / "tokens"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(InputError, match=message) as raised:
        read_tokens(path)
    assert ANN.text not in str(raised.value)
    with pytest.raises(InputError, match="cannot be read"):
        read_tokens(tmp_path / "none")


@pytest.mark.parametrize("proxy", ["http://desk.city.gov", "https://", "desk", "https://h/?a=b"])
def test_a_proxy_without_tls_is_refused(proxy: str) -> None:
    with pytest.raises(UsageError, match="https://"):
        Door(host=LOOPBACK, port=80, tokens=(ANN,), proxy=proxy)
