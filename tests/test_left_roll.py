"""Labeled parcels that have left the vacant roll go on teaching."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cities import DoneCity, write_city

from roofwatch.config import read_city
from roofwatch.damage import find_damage
from roofwatch.kept_weights import find_network
from roofwatch.labeled import labeled_features
from roofwatch.left_roll import Taught, find_taught
from roofwatch.stages.run import has_new_labels
from roofwatch.stages.train import train
from roofwatch.year import City

GONE = ["0216 002", "0217 001", "0218 003"]
"""Parcels that leave: two with a failing label, one without."""


def opened(folder: Path) -> City:
    """Open a city as a new command does."""
    return City(file=read_city(folder / "city.toml"), quiet=True)


def leave(folder: Path, parcels: list[str]) -> None:
    """Take parcels off the roll."""
    path = folder / "vacant.csv"
    roll = pd.read_csv(path, dtype="str")
    roll[~roll["parcel_id"].isin(parcels)].to_csv(path, index=False)


def taught_in(folder: Path) -> Taught:
    """Return what a training of 2023 learns from."""
    taught = find_taught(opened(folder).year(2023))
    assert taught is not None
    return taught


def rows_of(folder: Path) -> pd.DataFrame:
    """Return the labeled roofs with what the network sees of them."""
    city = opened(folder)
    return labeled_features(city, taught_in(folder), find_network(city)).rows


@pytest.fixture
def folder(done_city: DoneCity, tmp_path: Path) -> Path:
    """Return a copy of the city after its first year."""
    target = tmp_path / "city"
    shutil.copytree(done_city.path.parent, target)
    return target


def test_what_a_parcel_teaches_stays_when_it_leaves(folder: Path) -> None:
    """The same labels, blocks, weights and features, to the last bit."""
    before = rows_of(folder)
    leave(folder, GONE)
    after = rows_of(folder)

    assert set(GONE) <= set(after["parcel_id"])
    pd.testing.assert_frame_equal(after, before)
    assert not set(GONE) & set(opened(folder).roll.table["parcel_id"])


def test_train_says_so_and_run_does_not_train_again(folder: Path) -> None:
    """The labels are the same ones, whether or not their parcels are on the roll."""
    leave(folder, GONE)
    line = (
        "3 labels, 2 of them failing, are of parcels that have left the vacant roll since a year "
        "was scored: learned from all the same"
    )
    assert line in taught_in(folder).notes
    assert not has_new_labels(opened(folder).year(2023))

    trained = train(opened(folder).year(2023))
    assert line in trained.notes
    assert trained.figures.labels == 24
    assert line in trained.report.read_text(encoding="utf-8")


def test_a_parcel_that_comes_back_is_learned_from_once(folder: Path) -> None:
    roll = (folder / "vacant.csv").read_text()
    leave(folder, GONE)
    assert taught_in(folder).left is not None
    (folder / "vacant.csv").write_text(roll)
    taught = taught_in(folder)
    assert taught.left is None
    assert not taught.labels.table.duplicated(["parcel_id", "year"]).any()


def test_a_parcel_that_was_never_scored_teaches_nothing(tmp_path: Path) -> None:
    """An occupied house with a label is another kind of roof."""
    write_city(tmp_path)
    leave(tmp_path, GONE)
    taught = taught_in(tmp_path)
    assert taught.left is None
    assert len(taught.labels.table) == 21
    assert taught.notes[0].startswith("3 labels, 2 of them failing, are of parcels that are not on")


def test_chips_that_were_changed_are_made_anew(folder: Path) -> None:
    """They are sealed as those of the roll are."""
    leave(folder, GONE)
    before = rows_of(folder)
    chips = opened(folder).year(2023).files.left_chips
    content = chips.features.read_bytes()
    chips.features.write_bytes(content[:-40] + bytes(8) + content[-32:])
    assert [one for one in find_damage(opened(folder)) if "left_chips" in one.line]

    after = rows_of(folder)
    pd.testing.assert_frame_equal(after, before)
    assert not [one for one in find_damage(opened(folder)) if "left_chips" in one.line]


def test_weights_are_those_of_all_labels_together(folder: Path) -> None:
    """A draw whose roofs have left in part weighs as it did."""
    path = folder / "labels.csv"
    labels = pd.read_csv(path, dtype={"parcel_id": "str"})
    labels["chosen"] = "draw 1: random"
    labels["chance"] = np.linspace(0.2, 0.6, len(labels))
    labels.to_csv(path, index=False)
    city = folder / "city.toml"
    named = 'year = "year"\nchosen = "chosen"\nchance = "chance"\n'
    city.write_text(city.read_text().replace('year = "year"\n', named, 1))

    before = taught_in(folder).labels
    leave(folder, GONE)
    after = taught_in(folder).labels
    assert before.table["weight"].nunique() > 1
    pd.testing.assert_frame_equal(after.table, before.table)
    assert after.sha256 == before.sha256
