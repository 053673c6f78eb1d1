"""A small demo city in which many roofs fail, with labels as a test wants them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from demo_city import states
from demo_city.city import build_demo_city
from roofwatch.config import read_city
from roofwatch.demo_truth import read_truth
from roofwatch.executors import Execution
from roofwatch.year import City

PARCELS = 220
YEARS = (2023, 2024)
FAILING = 0.4
"""Share of the vacants whose roof fails in some year: a city of a few blocks needs many."""
MODEL = """
[model]
gsd_m = 0.3
margin_m = 2
input_px = 64
views = ["roof_grey"]
turns = 1

[train]
bootstrap = 20
light = 0.0
recall = 0.55
"""


@dataclass(frozen=True, kw_only=True)
class GateCity:
    """A city on disk, and what is true of its roofs."""

    folder: Path
    """Where it lies."""
    truth: pd.DataFrame
    """parcel_id, year, failing (0 or 1) of the vacants."""

    @property
    def path(self) -> Path:
        """Return the city file."""
        return self.folder / "city.toml"

    def open(self) -> City:
        """Open the city anew, with what the files say now."""
        return City(file=read_city(self.path), execution=Execution(executor="serial"), quiet=True)

    def copy(self, folder: Path) -> "GateCity":
        """Copy the city with its workspace."""
        shutil.copytree(self.folder, folder)
        return GateCity(folder=folder, truth=self.truth)

    def write_labels(self, labels: pd.DataFrame) -> None:
        """Write labels: columns parcel_id, year, failing."""
        pct = labels["failing"] * 50
        rows = labels[["parcel_id", "year"]].assign(roof_pct=pct, source="inspector")
        rows.to_csv(self.folder / "labels.csv", index=False)


def build_gate_city(folder: Path) -> GateCity:
    """Build the city, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states, "FAILING", FAILING)
        states.vacant_histories.cache_clear()
        path = build_demo_city(folder, parcels=PARCELS, years=YEARS)
    states.vacant_histories.cache_clear()

    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("[train]")] + MODEL, encoding="utf-8")
    return GateCity(folder=folder, truth=read_truth(folder))
