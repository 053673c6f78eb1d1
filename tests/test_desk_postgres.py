"""The desk of a team: its answers go to a real PostgreSQL."""

import threading
from collections.abc import Iterator

import pytest
from desk_cases import make_batch, make_setting, make_zero
from postgres_case import postgres

from labels.book import Book, open_book
from labels.desk.desk import Desk


@pytest.fixture(scope="module")
def book() -> Iterator[Book]:
    """Return a book in a database of the tests' own."""
    with postgres() as folder:
        yield open_book(f"postgresql://roofwatch@/postgres?host={folder}")


def test_two_desks_and_four_people_lose_and_double_nothing(book: Book) -> None:
    """The first desk is dropped in the middle, as if killed; the second finds every answer."""
    setting = make_setting(make_batch(60, twice=range(0, 60, 5)), book)
    first = Desk(setting=setting)
    work_at(first, stop=20)
    said = first.answers.seen
    assert said >= 20

    second = Desk(setting=setting)
    assert second.answers.seen == said
    work_at(second, stop=60)
    assert second.answers.seen == 60
    assert len(book.looks()) == 72
    assert len(book.history()) == 72


def work_at(desk: Desk, *, stop: int) -> None:
    """Let four people answer until so many roofs are seen, each answer sent twice."""

    def work(who: str) -> None:
        while desk.answers.seen < stop or stop == len(desk.setting.batch.slots):
            place, _ahead = desk.give(who)
            if place is None:
                return
            desk.answer(who, make_zero(place))
            desk.answer(who, make_zero(place))

    threads = [threading.Thread(target=work, args=(who,)) for who in ("Ann", "Bob", "Cy", "Di")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
