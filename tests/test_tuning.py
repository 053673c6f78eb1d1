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


def test_finetune_from_labels_to_ledger(
    tmp_path: Path, tiny_city: CityBuilder, city_toml: str
) -> None:
    """The first becomes champion and scores; the same labels give it again."""
    text = (
        city_toml.replace(
            'fire_district = "battalion"', 'fire_district = "battalion"\nneighborhood = "battalion"'
        )
        + SETTINGS
    )
    path = tiny_city(tmp_path, text)
    labels = pd.read_csv(tmp_path / "labels.csv", dtype={"parcel_id": str})
    pd.concat([labels, labels.assign(year=2024)]).to_csv(tmp_path / "labels.csv", index=False)
    city = City(file=read_city(path), execution=Execution(executor="serial"), quiet=True)
    year = city.year(2024)
    first = train(year)
    assert (first.version.version, first.standing) == (1, "it is the first and so the champion")
    assert [
        [one.name for one in first.evaluation.splits[name]]
        for name in ("block", "neighborhood", "next year")
    ] == [list(RUNGS)] * 3
    assert all(
        0 <= one.average_precision <= 1
        for figures in first.evaluation.splits.values()
        for one in figures
    )
    heads = {rung: load_head(head_path(year, rung)) for rung in RUNGS}
    assert [head.rung for head in heads.values()] == list(RUNGS)
    model = load_model(first.version.folder, first.version.sha256)
    np.testing.assert_array_equal(model.head.weights, heads[first.rung].weights)
    assert model.head.possible == heads[first.rung].possible
    again = train(year)
    assert (again.version.version, again.standing) == (
        1,
        "the same model came out again, and it is the champion already",
    )
    assert replace(first, champion=7).standing == "it is the challenger; promote it to use it"
    assert (
        replace(first, champion=7, version=replace(first.version, alias="")).standing
        == "a model from before came out again; promote it to use it"
    )
    ledger = score(city.year(2024)).table
    assert set(ledger["model_version"].dropna()) == {"tinyville-roof/1"}
    assert ledger["score"].notna().sum() == 24
