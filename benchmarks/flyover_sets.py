"""Real flyovers with labels, each a small city: what one learns from, and what one is tried on.

A set is a folder with flyover/<year>/, parcels.gpkg, vacant.csv and, where there are labels,
labels.csv. Chips and features are made by the product and kept in the workspace.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.own_norm import own_norm_weights
from imagery.chips.store import ChipPlace
from models.extract import NetworkSource
from models.feature_cache import Matrix
from models.features import store_features
from models.flyover_stats import FlyoverStats, measure_flyover
from models.spec import ModelSpec
from roofwatch.config import read_city
from roofwatch.labeled import label_year
from roofwatch.stages.tile import tile
from roofwatch.year import City, CityYear
from roofwatch.year_features import feature_workers

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
    spec: ModelSpec
    """Views and network."""
    chips: tuple[ChipPlace, ...]
    """Where the chips are, N of them."""
    parcel_ids: NDArray[np.object_]
    """Parcel of each chip, (N,)."""
    blocks: NDArray[np.object_]
    """Block of each chip, (N,)."""
    looks: Matrix
    """Measures and features of each chip, (N, F)."""
    failing: NDArray[np.float64]
    """Label of each chip: 1, 0, or NaN without one, (N,)."""
    labels: pd.DataFrame
    """The labels with features, as training takes them; no rows without labels."""

    @cached_property
    def stats(self) -> FlyoverStats:
        """Return the statistics of all chips."""
        return measure_flyover(self.number, [self.looks], self.looks.shape[1])

    @property
    def is_labeled(self) -> NDArray[np.bool_]:
        """Tell which chips have a label, (N,)."""
        return ~np.isnan(self.failing)

    def take(self, rows: NDArray[np.int64], name: str) -> "FlyoverSet":
        """Return the flyover as if only some of its roofs were there, without labels to learn."""
        return replace(
            self,
            name=name,
            chips=tuple(self.chips[row] for row in rows.tolist()),
            parcel_ids=self.parcel_ids[rows],
            blocks=self.blocks[rows],
            looks=self.looks[rows],
            failing=self.failing[rows],
            labels=self.labels.iloc[:0],
        )


@dataclass(frozen=True, kw_only=True)
class SetFolders:
    """Where the sets are, and how they are looked at."""

    data: Path
    """Folder of all sets."""
    workspace: Path
    """Where chips and features are kept, by set."""
    model: str = ""
    """More lines of [model]."""
    own_norm: bool = False
    """The network's batch normalization is measured on each flyover's own chips."""


def open_sets(folders: SetFolders, names: Sequence[tuple[str, int]]) -> list[FlyoverSet]:
    """Open sets one after the other; their numbers differ from those of any other call's sets."""
    first = 1 + 100 * [LABELED, INTACT, UNLABELED].index(tuple(names))
    return [
        open_set(folders, name, year, number) for number, (name, year) in enumerate(names, first)
    ]


def open_set(folders: SetFolders, name: str, year: int, number: int) -> FlyoverSet:
    """Cut a set and compute its features, or find them done.

    Args:
        folders: Where it is.
        name: Folder of the set.
        year: Which of its flyovers.
        number: Stands for the year among other sets.
    """
    of_year = _open_city(folders, name, year)
    if folders.own_norm:
        of_year = _with_own_norm(of_year, folders, name)
    labels = of_year.find_labels()
    rows = pd.DataFrame({"parcel_id": [], "year": []}) if labels is None else labels.table
    rows = rows[rows["year"] == year]
    failing = dict(zip(rows["parcel_id"], rows.get("failing", []), strict=True))
    settings = of_year.file.model
    network = NetworkSource(spec=settings.spec, weights=settings.weights)
    if len(rows):
        rows, _ = label_year(of_year, rows, network)
        mark = f"{number} "
        rows = rows.assign(
            year=number,
            block=rows["block"].radd(mark),
            parcel_id=rows["parcel_id"].radd(mark),
        )

    store = tile(of_year)
    features = store_features(
        store,
        network,
        feature_workers(of_year.city, f"look at {name}", len(of_year.roll)),
    )
    parts = list(features.rung("joined"))
    ids = [parcel_id for part, _ in parts for parcel_id in part]
    roll = of_year.roll.table
    block_of = dict(zip(roll["parcel_id"], roll["block"], strict=True))
    manifest = store.manifest.set_index("parcel_id").loc[ids].reset_index()
    return FlyoverSet(
        name=f"{Path(name).name} {year}",
        number=number,
        spec=settings.spec,
        chips=store.places(manifest),
        parcel_ids=np.array(ids, object),
        blocks=np.array([block_of[parcel_id] for parcel_id in ids], object),
        looks=np.concatenate([matrix for _, matrix in parts]),
        failing=np.array([failing.get(parcel_id, np.nan) for parcel_id in ids], np.float64),
        labels=rows,
    )


def _with_own_norm(of_year: CityYear, folders: SetFolders, name: str) -> CityYear:
    """Open a set with a network whose batch normalization is measured on its own chips."""
    store = tile(of_year)
    chips = store.places(store.manifest[store.manifest["status"] == "chip"])
    workspace = of_year.file.city.workspace
    weights = own_norm_weights(workspace, of_year.year, of_year.file.model.spec, chips)
    lines = f'{folders.model}\nweights = "{weights}"'
    return _open_city(replace(folders, model=lines), name, of_year.year)


def _open_city(folders: SetFolders, name: str, year: int) -> CityYear:
    """Write the city file of a set, and open it."""
    folder = folders.data / name.replace("blind/joplin2012", "joplin2011")
    home = folders.workspace / folder.name
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
    file.write_text(text + folders.model + "\n", encoding="utf-8")
    return City(file=read_city(file), quiet=True).year(year)


def set_options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of where the sets are, and where their features are kept."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of sets")
    parser.add_argument(
        "--workspace",
        type=Path,
        default=Path("out/flyovers"),
        metavar="DIR",
        help="kept between runs",
    )
    parser.add_argument(
        "--model", default="", metavar="LINES", help="more lines of [model], as in a city file"
    )
    return parser


def set_folders(options: argparse.Namespace) -> SetFolders:
    """Return what `set_options` read."""
    return SetFolders(data=options.data, workspace=options.workspace, model=options.model)
