"""Real flyovers with labels, each a small city: what one learns from, and what one is tried on.

A set is a folder with flyover/<year>/, parcels.gpkg, vacant.csv and, where there are labels,
labels.csv. Chips and features are made by the product and kept in the workspace.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from inference.hazard import Thresholds
from inference.ledger import build_ledger
from inference.predict import look_at_flyover, score_features
from models.feature_cache import Features
from models.features import NetworkSource, store_features
from models.flyover_stats import FlyoverStats
from models.head import Head
from models.share import Share
from roofwatch.config import read_city
from roofwatch.labeled import label_year
from roofwatch.stages.tile import tile
from roofwatch.year import City, CityYear
from training.fit import with_thresholds
from training.report import Evaluation, evaluate
from training.rungs import FittedRungs, fit_rungs
from training.settings import TrainSettings

CITY = """
[city]
name = "{name}"
workspace = "{workspace}"
[parcels]
path = "{data}/parcels.gpkg"
id = "parcel_id"
{block}
[vacant]
path = "{data}/vacant.csv"
id = "parcel_id"
{labels}
[[flyover]]
year = {year}
path = "{data}/flyover/{year}"
[tile]
registration = "off"
[model]
gsd_m = 0.3
margin_m = 6
"""
LABELS = """
[labels]
path = "{data}/labels.csv"
id = "parcel_id"
collapsed = "collapsed"
year = "year"
"""
LABELED = (
    ("joplin2011", 2011),
    ("turkey2023", 2023),
    ("santarosa2017", 2017),
    ("xbd_scenes", 2018),
)
"""Sets with labels, and the year that they label."""
INTACT = (("santarosa2017", 2016),)
"""Flyovers in which every roof stands."""
UNLABELED = (
    ("blind/joplin2012", 2012),
    ("blind/fountaingrove2017", 2017),
    ("blind/markwest2017", 2017),
    ("blind/turkey45", 2023),
    ("blind/florence2018", 2018),
    ("blind/fountaingrove2017", 2016),
)
"""Flyovers without labels here; joplin2012 lies in the folder of joplin2011."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FlyoverSet:
    """One flyover of one set, with what the model sees of its chips."""

    name: str
    """Name and year."""
    number: int
    """Stands for the year, so that two sets of one year stay apart."""
    year: CityYear
    """The set as a city at work."""
    labels: pd.DataFrame
    """Its labels with features, as training takes them; no rows without labels."""
    features: Features
    """Of all chips."""
    stats: FlyoverStats
    """Of all chips."""

    @cached_property
    def failing(self) -> pd.Series:
        """Return 0 or 1 of each labeled parcel."""
        return pd.Series(self.labels.set_index("parcel_id")["failing"])

    @property
    def blocks(self) -> dict[str, str]:
        """Return the block of each parcel."""
        table = self.year.roll.table
        return dict(zip(table["parcel_id"], table["block"], strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """What a model said of a flyover."""

    table: pd.DataFrame
    """parcel_id, score, score_raw, hazard of every scored roof."""
    share: Share
    """Estimated share failing."""
    head: Head
    """The head as it was set."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PastFlyovers:
    """What was learned from some flyovers."""

    fitted: FittedRungs
    """Every rung."""
    evaluation: Evaluation
    """Its figures and thresholds."""

    def head(self, rung: str = "") -> Head:
        """Return the head of a rung with its thresholds; the one that ships by default."""
        name = rung or self.evaluation.ships.name
        return with_thresholds(self.fitted.fits[name].head, self.evaluation.chosen[name])


def open_set(data: Path, name: str, year: int, workspace: Path, number: int) -> FlyoverSet:
    """Cut a set and compute its features, or find them done.

    Args:
        data: Folder of all sets.
        name: Folder of the set below it.
        year: Which of its flyovers.
        workspace: Where chips and features are kept, by set.
        number: Stands for the year among other sets.
    """
    folder = data / name.replace("blind/joplin2012", "joplin2011")
    home = workspace / folder.name
    home.mkdir(parents=True, exist_ok=True)
    has_labels = (folder / "labels.csv").exists()
    text = CITY.format(
        name=folder.name,
        workspace=(home / "workspace").resolve(),
        data=folder.resolve(),
        year=year,
        block='block = "block"' if has_labels else "",
        labels=LABELS.format(data=folder.resolve()) if has_labels else "",
    )
    file = home / f"city_{year}.toml"
    file.write_text(text, encoding="utf-8")
    of_year = City(file=read_city(file)).year(year)

    labels = of_year.find_labels()
    rows = pd.DataFrame({"parcel_id": []}) if labels is None else labels.table
    rows = rows[rows["year"] == year] if len(rows) else rows
    if len(rows):
        rows, _ = label_year(of_year, rows)
        unique = rows["parcel_id"].radd(f"{number} ")
        rows = rows.assign(year=number, block=rows["block"].radd(f"{number} "), unique=unique)

    model = of_year.file.model
    features = store_features(
        tile(of_year),
        NetworkSource(spec=model.spec, weights=model.weights),
        threads=1,
        mapper=of_year.city.runner(f"look at {name}", len(of_year.roll)),
    )
    return FlyoverSet(
        name=f"{folder.name}@{year}",
        number=number,
        year=of_year,
        labels=rows,
        features=features,
        stats=features.stats(number),
    )


def learn(sets: list[FlyoverSet], settings: TrainSettings) -> PastFlyovers:
    """Train on some flyovers as `roofwatch train` does."""
    rows = pd.concat([known.labels for known in sets], ignore_index=True)
    rows = rows.assign(parcel_id=rows["unique"])
    groups = sets[0].year.file.model.spec.groups
    fitted = fit_rungs(rows, [known.stats for known in sets], groups, settings)
    return PastFlyovers(
        fitted=fitted, evaluation=evaluate(fitted.scored, others=fitted.others, settings=settings)
    )


def score(head: Head, flyover: FlyoverSet) -> Words:
    """Score a flyover as `roofwatch score` does."""
    seen = look_at_flyover(flyover.features, head, year=flyover.number, blocks=flyover.blocks)
    own = seen.set(head)
    scores = score_features(flyover.features.rung(own.rung), own)
    manifest = pd.DataFrame(tile(flyover.year).manifest)
    ledger = build_ledger(
        manifest,
        scores,
        thresholds=Thresholds(likely=own.likely, possible=own.possible, held_back=seen.share.doubt),
        model_version="benchmark/1",
        flown=None,
    ).table
    known = ledger[ledger["status"] == "scored"]
    return Words(
        table=known[["parcel_id", "score", "score_raw", "hazard"]], share=seen.share, head=own
    )


def joined(words: Words, flyover: FlyoverSet) -> pd.DataFrame:
    """Return the scored roofs that have a label, with column failing."""
    table = words.table.assign(failing=words.table["parcel_id"].map(flyover.failing))
    known = table[table["failing"].notna()]
    return known.assign(failing=known["failing"].astype(np.int64))
