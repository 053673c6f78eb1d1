"""The stage that shows why the listed roofs are on the list: a picture of each, and a table. What has not changed is kept."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imagery.chips.store import ChipStore, open_store, shard_key
from imagery.errors import MissingInput
from imagery.file_names import safe_name
from imagery.files import atomic_path
from inference.explain import NEAREST, measure_shares, nearest_roofs
from inference.explain_batch import (
    ExplainBatch,
    ExplainTask,
    Portrait,
    explain_batch,
    explained_model,
)
from inference.hazard import HazardWord
from inference.ledger import Ledger
from labels.files import read_labels
from models.features import Features, feature_matrix
from models.head import Head
from models.spec import ModelVersion
from roofwatch.year import City

MOST = 60
"""Roofs that are explained, by rank: the visits of a week, and some."""
PER_BATCH = 8
"""Roofs per task."""
MAKER = 2
"""Raised when the same inputs would give another picture."""
LISTED = (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)
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
"""Of explain.csv: pixel of the chip that speaks loudest for failing; labeled roofs and measures, joined by "|"; what the picture was made from."""
CALLED = ("intact", "failing")
Row = dict[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class LabeledRoofs:
    """Roofs that a person called failing or intact, of the years that have been looked at with the model's network."""

    table: pd.DataFrame
    """Columns parcel_id, year, failing; sorted."""
    caches: dict[int, Features]
    """Features by year."""
    stores: dict[int, ChipStore]
    """Chips by year."""
    key: str
    """Checksum of labels, features and chips."""


def explain(
    city: City,
    year: int,
    version: ModelVersion,
    ledger: Ledger,
    store: ChipStore,
    features: Features,
) -> list[Path]:
    """Write <year>/explain/: a picture of every roof that is LIKELY or POSSIBLE, at most `MOST` by rank, and explain.csv.

    Args:
        city: The city.
        year: Year that was scored.
        version: The model that scored.
        ledger: What came of it.
        store: Chips of the year.
        features: What the model saw of them.
    """
    folder = city.folder(year) / "explain"
    listed = ledger.table[ledger.table["hazard"].isin(LISTED)].sort_values("rank").head(MOST)
    labeled = _labeled_roofs(city, year, features)
    titles = _titles(city, year, listed)
    keys = {
        one: _key(
            version.sha256, title, shard_key(store.folder, _place(store, one)[0]), labeled.key
        )
        for one, title in titles.items()
    }
    known = _known_rows(folder)
    rows = {one: known[keys[one]] for one in titles if keys[one] in known}
    fresh = [one for one in titles if one not in rows]
    rows |= {
        row["parcel_id"]: row | {"key": keys[row["parcel_id"]]}
        for row in _draw(
            city, version, {one: titles[one] for one in fresh}, (store, features), labeled, folder
        )
    }
    return _finish(folder, [rows[one] for one in titles])


def _draw(
    city: City,
    version: ModelVersion,
    titles: dict[str, str],
    looked: tuple[ChipStore, Features],
    labeled: LabeledRoofs,
    folder: Path,
) -> list[Row]:
    """Draw the pictures of some roofs and return their rows, without key."""
    if not titles:
        return []
    store, features = looked
    head = explained_model(version.folder, version.sha256).head
    find = _finder(head, labeled)
    seen = features.of(titles)
    tasks, rows = [], []
    for one, looks in zip(seen["parcel_id"], feature_matrix(seen, head.rung), strict=True):
        near, lines = find(one, looks), _measures_in_words(head, looks)
        called = [CALLED[failing] for failing in near["failing"]]
        found = zip(near["parcel_id"], called, near["year"], strict=True)
        portraits = tuple(
            _portrait(labeled.stores[when], roof, f"called {word} by a person, {when}")
            for roof, word, when in found
        )
        roof = _portrait(store, one, "the photo, with the outline of the building")
        tasks.append(
            ExplainTask(
                parcel_id=one,
                title=titles[one],
                roof=roof,
                near=portraits,
                lines=lines,
                target=folder / f"{safe_name(one)}.webp",
            )
        )
        years = near["year"].astype(str)
        rows.append(
            {
                "parcel_id": one,
                "file": f"{safe_name(one)}.webp",
                "nearest_ids": "|".join(near["parcel_id"]),
                "nearest_labels": "|".join(called),
                "nearest_years": "|".join(years),
                "measures": "|".join(lines),
            }
        )
    groups = [tuple(tasks[at : at + PER_BATCH]) for at in range(0, len(tasks), PER_BATCH)]
    batches = [
        ExplainBatch(
            tasks=group, model=version.folder, sha256=version.sha256, threads=city.execution.threads
        )
        for group in groups
    ]
    peaks = {
        one: place
        for done in city.mapper("explain", len(tasks))(explain_batch, batches)
        for one, place in done.peaks.items()
    }
    return [
        row
        | dict(
            zip(
                ("peak_row", "peak_col"),
                map(str, peaks.get(row["parcel_id"], ("", ""))),
                strict=True,
            )
        )
        for row in rows
    ]


def _measures_in_words(head: Head, looks: NDArray[np.float32]) -> tuple[str, ...]:
    """Return the measures that speak most for failing; none where the head has a heat map."""
    return (
        ()
        if head.rung == "network"
        else tuple(one.words for one in measure_shares(head, looks) if one.share > 0)[:NEAREST]
    )


def _finder(
    head: Head, labeled: LabeledRoofs
) -> Callable[[str, NDArray[np.float32]], pd.DataFrame]:
    """Return what finds the labeled roofs that look like a roof, given its parcel and what the head looks at (F,)."""
    parts = [
        labeled.table[labeled.table["year"] == year].merge(
            cache.of(labeled.table["parcel_id"]), on="parcel_id"
        )
        for year, cache in labeled.caches.items()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else labeled.table
    matrix = (
        feature_matrix(table, head.rung) if parts else np.zeros((0, len(head.center)), np.float32)
    )
    roofs = table["parcel_id"].tolist()
    return lambda parcel_id, looks: table.iloc[
        [one.row for one in nearest_roofs(head, looks, matrix, roofs=roofs, not_of=parcel_id)]
    ]


def _labeled_roofs(city: City, year: int, features: Features) -> LabeledRoofs:
    """Collect the labels dated `year` or earlier whose chips have been looked at with the same network; none where there is no label file."""
    table, digest = pd.DataFrame({"parcel_id": [], "year": [], "failing": []}), ""
    if city.file.labels is not None:
        try:
            labels = read_labels(city.file.labels, city.roll, until=year)
            table, digest = labels.table[["parcel_id", "year", "failing"]], labels.sha256
        except MissingInput:  # scoring goes on where the labels are kept elsewhere
            pass
    folders = {one: city.folder(one) / "chips" for one in sorted(set(table["year"].astype(int)))}
    caches = {
        one: Features(path=folder / "features.parquet")
        for one, folder in folders.items()
        if (folder / "manifest.parquet").exists()
    }
    caches = {
        one: cache
        for one, cache in caches.items()
        if cache.path.exists() and _network(cache) == _network(features)
    }
    stores = {one: open_store(folders[one]) for one in caches}
    seen = [
        table[
            (table["year"] == one)
            & table["parcel_id"].isin(
                store.manifest.loc[store.manifest["status"] == "chip", "parcel_id"]
            )
        ]
        for one, store in stores.items()
    ]
    shards = [
        key
        for cache in caches.values()
        for key in pq.read_table(cache.path, columns=["shard_key"])["shard_key"]
        .unique()
        .to_pylist()
    ]
    key = _key(digest, *map(str, caches), *shards)
    return LabeledRoofs(
        table=pd.concat(seen, ignore_index=True) if seen else table.iloc[:0],
        caches=caches,
        stores=stores,
        key=key,
    )


def _titles(city: City, year: int, listed: pd.DataFrame) -> dict[str, str]:
    """Return what stands on top of each picture: word, address, parcel, year."""
    rows = listed[["parcel_id", "hazard"]].merge(
        city.roll.table[["parcel_id", "address"]], on="parcel_id", how="left"
    )
    return {
        one: "   ".join(
            part for part in (str(hazard), str(address or ""), str(one), f"photo of {year}") if part
        )
        for one, hazard, address in rows.itertuples(index=False)
    }


def _place(store: ChipStore, parcel_id: str) -> tuple[int, int, int, int]:
    row = store.manifest.iloc[store.rows[parcel_id]]
    return int(row["shard"]), int(row["offset"]), int(row["height"]), int(row["width"])


def _portrait(store: ChipStore, parcel_id: str, caption: str) -> Portrait:
    return Portrait(folder=store.folder, place=_place(store, parcel_id), caption=caption)


def _known_rows(folder: Path) -> dict[str, Row]:
    """Return the rows of explain.csv whose picture is there, by key."""
    path = folder / "explain.csv"
    if not path.exists():
        return {}
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = [
        {str(name): str(value) for name, value in row.items()} for row in table.to_dict("records")
    ]
    return {
        row["key"]: row for row in rows if tuple(row) == COLUMNS and (folder / row["file"]).exists()
    }


def _finish(folder: Path, rows: Sequence[Row]) -> list[Path]:
    """Write explain.csv if it changes, and clear away pictures of roofs that are no longer listed."""
    path = folder / "explain.csv"
    text = pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    pictures = [folder / row["file"] for row in rows]
    for leftover in set(folder.glob("*.webp")) | set(folder.glob(".*.webp")):
        if leftover not in pictures:
            leftover.unlink()
    return [path, *pictures]


def _network(features: Features) -> bytes:
    metadata: dict[bytes, bytes] = pq.read_schema(features.path).metadata or {}
    return metadata.get(b"network", b"")


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join((str(MAKER), *parts)).encode()).hexdigest()[:20]
