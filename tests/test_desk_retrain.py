"""The training that the desk starts in a city: a challenger, its gate, and no promotion."""

import shutil
from pathlib import Path

import pytest
from cities import DoneCity

from labels.desk.desk import Desk
from labels.desk.said import Said
from models.registry import alias_version, last_training
from roofwatch.config import read_city
from roofwatch.desk_retrain import offer_training, retrain
from roofwatch.executors import Execution
from roofwatch.stages.desk import open_desk
from roofwatch.year import City


@pytest.fixture
def city_file(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return a copy of the city after its first run."""
    folder = tmp_path / "city"
    shutil.copytree(done_city.path.parent, folder)
    return folder / done_city.path.name


def test_a_training_makes_a_challenger_and_promotes_nothing(city_file: Path) -> None:
    city = City(file=read_city(city_file), quiet=True)
    champion = alias_version(city.registry, "champion")
    before = last_training(city.registry)
    assert before is not None
    opened = open_desk(city.year(2023), draw=0, city_file=city_file)
    assert opened.setting.training is not None
    assert opened.setting.training.seconds == before
    assert opened.setting.training.note == ""

    desk = Desk(setting=opened.setting)
    for place in range(8):
        said = Said(
            place=place,
            roof="pct_100" if place % 2 else "pct_0",
            disposition="",
            confuser="",
            note="",
            seconds=3.0,
            corrects="",
        )
        desk.answer("Ann", said)

    done = retrain(city_file, 2023, Execution())
    challenger = alias_version(city.registry, "challenger")
    assert done.failure == ""
    assert challenger != champion
    assert alias_version(city.registry, "champion") == champion
    assert done.lines[0].startswith(f"tinyville-roof/{challenger} on ")
    assert any("enter LIKELY" in line for line in done.lines)
    assert f"version {challenger} against champion {champion}" in done.gate
    assert f"--version {challenger} --by NAME --why TEXT" in done.promote


def test_a_training_that_cannot_be_says_why_from_its_own_process(city_file: Path) -> None:
    """The page hears of it; the desk goes on."""
    city = City(file=read_city(city_file), quiet=True)
    offer = offer_training(city.year(2023), city_file)
    city_file.write_text(city_file.read_text() + "\n[train]\n")

    failed = offer.run("Ann")
    assert "Cannot declare ('train',) twice" in failed.failure
    assert failed.lines == ()
    log = (city.workspace.audit).read_text()
    assert "2023: training started by Ann" in log
