"""`[train] mode = "finetune"` through the city file.

Every split is measured, the version scores, and the same labels give the same model.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from cities import CityBuilder

from models.files import load_head, load_model
from models.head import RUNGS
from roofwatch.config import read_city
from roofwatch.executors import Execution
from roofwatch.stages.score import score
from roofwatch.stages.train import head_path, train
from roofwatch.year import City

SETTINGS = """\
mode = "finetune"
folds = 2
epochs = 1
rung_margin = 0.0
learning_rate = 1e-3
light = 0.0
"""


def with_neighborhoods(text: str) -> str:
    """Return the TOML of a city whose battalions are neighborhoods, too."""
    district = 'fire_district = "battalion"'
    return text.replace(district, f'{district}\nneighborhood = "battalion"')


def city_with_two_years(path: Path) -> City:
    """Return the city of a file, with its labels repeated for the next year."""
    labels_file = path.parent / "labels.csv"
    labels = pd.read_csv(labels_file, dtype={"parcel_id": str})
    pd.concat([labels, labels.assign(year=2024)]).to_csv(labels_file, index=False)
    return City(file=read_city(path), execution=Execution(executor="serial"), quiet=True)


def test_finetune_from_labels_to_ledger(
    tmp_path: Path, tiny_city: CityBuilder, city_toml: str
) -> None:
    """The first becomes champion and scores; the same labels give it again."""
    city = city_with_two_years(tiny_city(tmp_path, with_neighborhoods(city_toml) + SETTINGS))
    year = city.year(2024)

    first = train(year)
    assert (first.version.version, first.standing) == (1, "it is the first and so the champion")
    splits = first.evaluation.splits
    for name in ("block", "neighborhood", "next year"):
        assert [figures.name for figures in splits[name]] == list(RUNGS)
    for rungs in splits.values():
        assert all(0 <= figures.average_precision <= 1 for figures in rungs)

    heads = {rung: load_head(head_path(year, rung)) for rung in RUNGS}
    assert [head.rung for head in heads.values()] == list(RUNGS)
    model = load_model(first.version.folder, first.version.sha256)
    np.testing.assert_array_equal(model.head.weights, heads[first.rung].weights)
    assert model.head.possible_even == heads[first.rung].possible_even

    again = train(year)
    assert again.version.version == 1
    assert again.standing == "the same model came out again, and it is the champion already"

    ledger = score(city.year(2024)).table
    assert set(ledger["model_version"].dropna()) == {"tinyville-roof/1"}
    assert ledger["score"].notna().sum() == 24

    challenger = replace(first, champion=7)
    assert challenger.standing == "it is the challenger; promote it to use it"
    older = replace(challenger, version=replace(first.version, alias=""))
    assert older.standing == "a model from before came out again; promote it to use it"
