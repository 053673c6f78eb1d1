"""`roofwatch desk` on a city: what it draws, learns and keeps; killed for real; as a file."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cities import DoneCity, Roofwatch

from imagery.errors import InputError
from labels.desk.desk import Desk
from labels.desk.said import Said
from roofwatch.config import read_city
from roofwatch.stages.desk import Opened, open_desk
from roofwatch.year import City

ROOT = Path(__file__).parents[1]
SMALL = "\n[looks.desk]\nroofs = 16\nsecond_reader = 0.25\n"
OBLIQUE = 'oblique = "https://maps.example.gov/?at={lat},{lon}&id={parcel_id}"\n'


@pytest.fixture
def city_file(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return a copy of the city after its first run, with batches of sixteen roofs."""
    folder = tmp_path / "city"
    shutil.copytree(done_city.path.parent, folder)
    path = folder / done_city.path.name
    path.write_text(path.read_text() + SMALL + OBLIQUE)
    return path


def opened(path: Path, year: int = 2023, draw: int = 0) -> Opened:
    """Open the desk of a year."""
    city = City(file=read_city(path), quiet=True)
    return open_desk(city.year(year), draw=draw, city_file=path)


def answer(desk: Desk, who: str, roofs: dict[str, str]) -> None:
    """Answer everything that waits for a person."""
    while True:
        place, _ahead = desk.give(who)
        if place is None:
            return
        parcel_id = desk.setting.batch.slots[place].parcel_id
        said = Said(
            place=place,
            roof=roofs.get(parcel_id, "pct_0"),
            disposition="",
            confuser="",
            note="",
            seconds=3.0,
            corrects="",
        )
        desk.answer(who, said)


def test_a_scored_year_is_drawn_answered_and_learned_from(city_file: Path) -> None:
    """All roofs of the tiny city were labeled before, and so are drawn at random alone."""
    found = opened(city_file)
    batch = found.setting.batch
    assert len(batch.slots) == 16
    assert sum(slot.readers == 2 for slot in batch.slots) == 4
    assert {slot.part for slot in batch.slots} <= {"top", "unsure", "strange", "random"}
    assert found.place.learns == ""
    roof = found.setting.roofs[0]
    assert re.fullmatch(r"https://maps\.example\.gov/\?at=39\.\d+,-76\.\d+&id=.*", roof.oblique)
    assert roof.before is None
    assert roof.score is not None

    failing = {
        slot.parcel_id: "pct_50_99"
        for slot in batch.slots
        if (int(slot.parcel_id[:4]) - 216 + int(slot.parcel_id[5:]) - 1) % 2
    }
    desk = Desk(setting=found.setting)
    answer(desk, "Ann", failing)
    assert desk.must_refit
    learned = desk.refit()
    assert learned is not None
    assert (learned.answers, learned.labels) == (16, 24)
    assert learned.listed >= len(failing)
    assert learned.seconds < 10

    assert opened(city_file, draw=1).setting.batch == batch
    following = opened(city_file).setting.batch
    assert following.draw == 2
    parcels = {slot.parcel_id for slot in batch.slots}
    assert not parcels & {slot.parcel_id for slot in following.slots}
    with pytest.raises(InputError, match="no draw 7"):
        opened(city_file, draw=7)


def test_a_batch_that_is_not_finished_goes_on(city_file: Path) -> None:
    first = opened(city_file)
    desk = Desk(setting=first.setting)
    place, _ahead = desk.give("Ann")
    assert place == 0
    again = opened(city_file)
    assert again.setting.batch == first.setting.batch


def test_a_year_without_scores_is_drawn_at_random(city_file: Path) -> None:
    (city_file.parent / "workspace" / "2024" / "ledger.parquet").unlink(missing_ok=True)
    found = opened(city_file, 2024)
    assert {slot.part for slot in found.setting.batch.slots} == {"random"}
    assert "has not been scored" in found.place.learns
    assert found.setting.learn is None
    assert not found.place.has_heat
    assert all(roof.score is None for roof in found.setting.roofs)
    assert any(roof.before for roof in found.setting.roofs)


def test_the_second_readers_file_is_written(city_file: Path, roofwatch: Roofwatch) -> None:
    path = city_file.parent / "second.html"
    ran = roofwatch("desk", city_file, "--year", "2023", "--offline", path, "--json")
    assert (ran.code, ran.answer["roofs"], ran.answer["draw"]) == (0, 4, 1)
    text = path.read_text(encoding="utf-8")
    assert "script-src 'sha256-" in text
    assert text.count("data:image/webp;base64,") == 4

    wrong = roofwatch("desk", city_file, "--year", "2023", "--offline", path, "--share")
    assert wrong.code == 2
    city_file.write_text(city_file.read_text().replace("roofs = 16", "roofs = 0"))
    assert "[looks.desk]" in roofwatch("desk", city_file, "--year", "2023").error


@contextmanager
def running(path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Start the command in a process of its own; yield it and the address it prints."""
    command = [sys.executable, "-m", "roofwatch.cli", "desk", str(path), "--year", "2023"]
    with subprocess.Popen(
        [*command, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            address = re.search(r"http://\S+", line)
            if address:
                break
        else:
            pytest.fail("the desk printed no address")
        try:
            yield process, address[0]
        finally:
            process.kill()


def post(address: str, path: str, body: dict[str, object]) -> dict[str, object]:
    """Open the page for its cookie, then send an answer."""
    host, _, query = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", f"/{query}")
    page = connection.getresponse()
    text = page.read().decode()
    batch = re.search(r'"batch": "(\w+)"', text)
    assert batch
    headers = {
        "cookie": page.headers["set-cookie"].partition(";")[0],
        "origin": f"http://{host}",
        "content-type": "application/json",
    }
    connection.request("POST", path, json.dumps({"batch": batch[1], **body}), headers)
    reply = connection.getresponse()
    found = json.loads(reply.read())
    connection.close()
    assert isinstance(found, dict)
    return found


def test_killed_for_real_and_taken_up(city_file: Path) -> None:
    """Every answer that was acknowledged is there after SIGKILL; Ctrl-C ends with a summary."""
    card = {"place": 0}
    with running(city_file) as (process, address):
        for _ in range(3):
            said = {"who": "Ann", "place": card["place"], "roof": "pct_0", "seconds": 2}
            found = post(address, "/answer", said)["card"]
            assert isinstance(found, dict)
            card = found
        process.kill()
        process.wait()

    with running(city_file) as (process, address):
        progress = post(address, "/progress", {"who": "Ann"})
        assert (progress["seen"], progress["mine"]) == (3, [0, 1, 2])
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        summary = json.loads(process.stdout.read())
        assert process.wait() == 0
    assert (summary["seen"], summary["roofs"]) == (3, 16)
