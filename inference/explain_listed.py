"""Why the listed roofs are on the list: a picture of each, and a table.

A picture is kept as long as nothing changes that it was made from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagery.chips.store import ChipStore, shard_key
from imagery.file_names import safe_name
from imagery.files import atomic_path
from imagery.values.formulas import harmless
from imagery.workspace import YearFiles
from inference.explain_batch import (
    ExplainBatch,
    Explained,
    ExplainTask,
    Portrait,
    explain_batch,
)
from inference.explain_heat import has_heat
from inference.explain_labels import LabeledRoofs, checksum
from inference.explain_measures import measure_shares
from inference.explain_nearest import NEAREST, LabeledLooks, join_looks, looks_of, nearest_roofs
from models.checksum import BACKBONE
from models.extract import Converter, NetworkSource
from models.feature_cache import Features, feature_matrix
from models.files import load_model
from models.head import Head, on_flyover
from models.share import ScoredFlyover
from models.spec import ModelVersion

PER_BATCH = 8
"""Roofs per task."""
COLUMNS = (
    "parcel_id",
    "file",
    "peak_row",
    "peak_col",
    "nearest_ids",
    "nearest_labels",
    "nearest_years",
    "measures",
    "key",
)
"""Of explain.csv.

The peak is the pixel of the chip that suggests a failing roof most. Labeled roofs and measures are
joined by "|". The key is the checksum of what the picture was made from.
"""
CALLED = ("intact", "failing")
"""What a person called a roof, by label."""
Row = dict[str, str]
"""One row of explain.csv, by column."""
Runner = Callable[
    [Callable[[ExplainBatch], Explained], Sequence[ExplainBatch]], Iterator[Explained]
]
"""Executes batches."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainYear:
    """All that the pictures of one year are made from."""

    files: YearFiles
    """Where the pictures and their table go."""
    version: ModelVersion
    """The model that scored."""
    flyover: ScoredFlyover
    """What it was set to."""
    titles: dict[str, str]
    """Title of every roof to explain, by parcel, in the order of the list."""
    store: ChipStore
    """Chips of the year."""
    features: Features
    """What the model saw of them."""
    labeled: LabeledRoofs
    """Roofs that a person has looked at."""
    convert: Converter
    """Converts the networks to files whose outputs are their feature maps."""

    def key(self, parcel_id: str) -> str:
        """Return the checksum of all that one picture depends on."""
        portrait = self.portrait(parcel_id, "")
        shard = shard_key(self.store.folder, portrait.place.shard)
        return checksum(
            self.version.sha256,
            self.titles[parcel_id],
            shard,
            self.labeled.key,
            f"{self.flyover.stats.chips} {self.flyover.share.used:.6f}",
        )

    def portrait(self, parcel_id: str, caption: str) -> Portrait:
        """Return the chip of a roof with a caption."""
        return find_portrait(self.store, parcel_id, caption)


def explain_listed(year: ExplainYear, runner: Runner, *, threads: int) -> list[Path]:
    """Write a picture of every listed roof, and explain.csv.

    Args:
        year: What they are made from.
        runner: Executes batches.
        threads: Threads per worker.
    """
    keys = {parcel_id: year.key(parcel_id) for parcel_id in year.titles}
    known = read_known_rows(year.files)

    rows = {}
    fresh = []
    for parcel_id, key in keys.items():
        if key in known:
            rows[parcel_id] = known[key]
        else:
            fresh.append(parcel_id)

    for row in draw_roofs(year, fresh, runner, threads=threads):
        parcel_id = row["parcel_id"]
        rows[parcel_id] = row | {"key": keys[parcel_id]}
    return finish(year.files, [rows[parcel_id] for parcel_id in year.titles])


def read_known_rows(files: YearFiles) -> dict[str, Row]:
    """Return the rows of explain.csv whose picture exists, by key."""
    path = files.explain_table
    if not path.exists():
        return {}

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except ValueError:  # a damaged one is written again
        return {}
    if tuple(table.columns) != COLUMNS:
        return {}

    known = {}
    for values in table.itertuples(index=False):
        row = dict(zip(COLUMNS, map(str, values), strict=True))
        if (files.explain / row["file"]).exists():
            known[row["key"]] = row
    return known


def draw_roofs(
    year: ExplainYear, parcel_ids: list[str], runner: Runner, *, threads: int
) -> list[Row]:
    """Draw the pictures of some roofs and return their rows, without key."""
    if not parcel_ids:
        return []

    version = year.version
    head = year.flyover.set(load_model(version.folder, version.sha256).head)
    finder = RoofFinder.of(head, year.labeled)
    seen = year.features.of(parcel_ids)

    tasks = []
    rows = []
    for parcel_id, looks in zip(seen["parcel_id"], feature_matrix(seen, head.rung), strict=True):
        near = finder.find(parcel_id, looks)
        lines = describe_measures(head, looks)
        tasks.append(make_task(year, parcel_id, near, lines))
        rows.append(make_row(parcel_id, near, lines))

    groups = [tuple(tasks[start : start + PER_BATCH]) for start in range(0, len(tasks), PER_BATCH)]
    peaks: dict[str, tuple[int, int]] = {}
    networks = NetworkSource(spec=version.spec, weights=str(version.folder / BACKBONE))
    ready = year.convert(networks) if has_heat(head) else networks
    batches = [
        ExplainBatch(tasks=group, networks=ready, head=head, threads=threads) for group in groups
    ]
    for explained in runner(explain_batch, batches):
        peaks |= explained.peaks
    return [add_peak(row, peaks) for row in rows]


@dataclass(frozen=True, kw_only=True, eq=False)
class RoofFinder:
    """Finds labeled roofs that look like a given one."""

    head: Head
    """The head that judges what looks alike."""
    table: pd.DataFrame
    """Columns parcel_id, year, failing: the labeled roofs."""
    known: LabeledLooks
    """How they look to the head."""

    @classmethod
    def of(cls, head: Head, labeled: LabeledRoofs) -> "RoofFinder":
        """Collect how the labeled roofs look to the head, each as if in the flyover scored."""
        tables = [labeled.table.iloc[:0]]
        looks = [looks_of(head, [], np.zeros((0, len(head.center)), np.float32))]
        for year, features in labeled.caches.items():
            own = on_flyover(head, features.stats(year)) if head.flyovers else head
            for rows, matrix in labeled.seen(year, head.rung):
                placed = (matrix - own.center) / own.scale * head.scale + head.center
                tables.append(rows)
                looks.append(looks_of(head, rows["parcel_id"].tolist(), placed.astype(np.float32)))

        table = pd.concat(tables, ignore_index=True)
        return cls(head=head, table=table, known=join_looks(looks))

    def find(self, parcel_id: str, looks: NDArray[np.float32]) -> pd.DataFrame:
        """Return the labeled roofs most like a roof, never the same building.

        Args:
            parcel_id: The roof.
            looks: What the head sees of it, (F,).
        """
        near = nearest_roofs(self.head, looks, self.known, not_of=parcel_id)
        return self.table.iloc[[neighbor.row for neighbor in near]]


def describe_measures(head: Head, looks: NDArray[np.float32]) -> tuple[str, ...]:
    """Return the measures that suggest a failing roof most; none where the head has a heat map."""
    if has_heat(head):
        return ()

    shares = measure_shares(head, looks)
    words = [measure.words for measure in shares if measure.share > 0]
    return tuple(words[:NEAREST])


def make_task(
    year: ExplainYear, parcel_id: str, near: pd.DataFrame, lines: tuple[str, ...]
) -> ExplainTask:
    """Return what a worker needs to draw one picture."""
    portraits = []
    for roof_id, when, failing in near[["parcel_id", "year", "failing"]].to_numpy():
        caption = f"called {CALLED[failing]} by a person, {when}"
        portraits.append(find_portrait(year.labeled.stores[when], roof_id, caption))

    return ExplainTask(
        parcel_id=parcel_id,
        title=year.titles[parcel_id],
        roof=year.portrait(parcel_id, "the photo, with the outline of the building"),
        near=tuple(portraits),
        lines=lines,
        target=year.files.explain / picture_name(parcel_id),
    )


def make_row(parcel_id: str, near: pd.DataFrame, lines: tuple[str, ...]) -> Row:
    """Return the row of one picture, without peak and key."""
    called = [CALLED[failing] for failing in near["failing"]]
    return {
        "parcel_id": parcel_id,
        "file": picture_name(parcel_id),
        "nearest_ids": "|".join(near["parcel_id"]),
        "nearest_labels": "|".join(called),
        "nearest_years": "|".join(near["year"].astype(str)),
        "measures": "|".join(lines),
    }


def picture_name(parcel_id: str) -> str:
    """Return the file name of the picture of a roof."""
    return f"{safe_name(parcel_id)}.webp"


def add_peak(row: Row, peaks: dict[str, tuple[int, int]]) -> Row:
    """Return a row with the peak of its heat map; empty where there is none."""
    peak = peaks.get(row["parcel_id"])
    if peak is None:
        return row | {"peak_row": "", "peak_col": ""}

    peak_row, peak_column = peak
    return row | {"peak_row": str(peak_row), "peak_col": str(peak_column)}


def finish(files: YearFiles, rows: Sequence[Row]) -> list[Path]:
    """Write explain.csv if it changes, and remove pictures of roofs that are not listed now."""
    path = files.explain_table
    text = pd.DataFrame(rows, columns=list(COLUMNS)).map(harmless).to_csv(index=False)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    folder = files.explain
    pictures = [folder / row["file"] for row in rows]
    known = {*folder.glob("*.webp"), *folder.glob(".*.webp")}
    for leftover in known - set(pictures):
        leftover.unlink()
    return [path, *pictures]


def find_portrait(store: ChipStore, parcel_id: str, caption: str) -> Portrait:
    """Return where the chip of a roof is, with its caption."""
    place = store.place(parcel_id)
    if place is None:
        raise KeyError(f"parcel {parcel_id} has no chip in {store.folder}")
    return Portrait(place=place, caption=caption)
