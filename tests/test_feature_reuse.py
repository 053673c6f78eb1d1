"""What the model saw of a chip stays good as long as the chip does not change."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cities import DoneCity

from imagery.chips.chip import Chip
from imagery.chips.quality import Quality
from imagery.chips.shards import CutRow, ShardOrigin, write_shard
from imagery.chips.store import ChipStore, open_store, rows_path
from models.extract import FeatureBatch, NetworkSource
from models.feature_cache import Features
from models.features import Workers, store_features
from models.spec import ModelSpec

SPEC = ModelSpec(input_px=64, gsd_m=0.5, margin_m=2, views=("roof", "context"), turns=4)
NETWORK = NetworkSource(spec=SPEC)


class Counter:
    """Runs batches here and counts the chips that are looked at."""

    def __init__(self) -> None:
        """Start at none."""
        self.looked = 0

    def __call__(
        self, function: Callable[[FeatureBatch], int], batches: Sequence[FeatureBatch]
    ) -> Iterator[int]:
        """Run batches one by one."""
        for batch in batches:
            self.looked += len(batch.unknown)
            yield function(batch)


@pytest.fixture(scope="module")
def chips(done_city: DoneCity) -> list[Chip]:
    """The chips of the tiny city."""
    store = open_store(done_city.workspace / "2023" / "chips")
    rows = store.manifest[store.manifest["status"] == "chip"]
    found = []
    for parcel_id in rows["parcel_id"]:
        stored = store.read(parcel_id)
        assert stored is not None
        found.append(
            Chip(
                parcel_id=parcel_id,
                year=2023,
                pixels=stored.pixels,
                mask=stored.mask,
                transform=(0.5, 0.0, 0.0, 0.0, -0.5, 0.0),
                crs="EPSG:32618",
                gsd_m=0.5,
                quality=Quality(),
            )
        )
    return found


def write_store(folder: Path, shards: Sequence[Sequence[Chip]]) -> ChipStore:
    """Write chips into shards of their own, beside the features that the folder may hold."""
    for path in folder.glob("shard_*"):
        path.unlink()
    parts = []
    for number, chips in enumerate(shards):
        key = " ".join(chip.sha256[:8] for chip in chips)
        rows = [
            CutRow(parcel_id=chip.parcel_id, chip=chip, quality=None, reason="", tiles="")
            for chip in chips
        ]
        write_shard(folder, number, rows, origin=ShardOrigin(year=2023, decoder="gdal", key=key))
        parts.append(pd.read_parquet(rows_path(folder, number)))
    pd.concat(parts, ignore_index=True).to_parquet(folder / "manifest.parquet", index=False)
    return open_store(folder)


def as_it_is(network: NetworkSource) -> NetworkSource:
    """Let torch's network be converted by whoever runs it."""
    return network


def look(
    store: ChipStore, counter: Counter
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Return what the model sees of every chip."""
    features = store_features(
        store, NETWORK, Workers(threads=1, mapper=counter, convert=as_it_is, few=0)
    )
    seen: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}
    for parcel_ids, matrix in features.rung("joined"):
        seen |= dict(zip(parcel_ids, matrix, strict=True))
    return seen


def test_chips_that_moved_to_other_shards_are_not_looked_at_again(
    tmp_path: Path, chips: list[Chip]
) -> None:
    """One chip changed, one left, one came back under another id; the others changed places."""
    first = Counter()
    before = look(write_store(tmp_path, [chips[:12], chips[12:]]), first)
    assert first.looked == len(chips)

    spoiled = replace(chips[3], pixels=np.roll(chips[3].pixels, 5, axis=2))
    renamed = replace(chips[4], parcel_id="NEW 001")
    others = [*chips[:3], *chips[5:20]]
    again = Counter()
    after = look(write_store(tmp_path, [others[::-1], [spoiled, renamed]]), again)

    assert again.looked == 2
    assert set(after) == {chip.parcel_id for chip in (*others, spoiled, renamed)}
    for chip in others:
        np.testing.assert_array_equal(after[chip.parcel_id], before[chip.parcel_id])
    np.testing.assert_array_equal(after["NEW 001"], before[chips[4].parcel_id])
    assert (after[spoiled.parcel_id] != before[spoiled.parcel_id]).any()

    fresh = tmp_path / "fresh"
    fresh.mkdir()
    for path in (*tmp_path.glob("shard_*"), tmp_path / "manifest.parquet"):
        shutil.copy2(path, fresh)
    from_nothing = look(open_store(fresh), Counter())
    assert set(from_nothing) == set(after)
    for parcel_id, values in from_nothing.items():
        np.testing.assert_array_equal(values, after[parcel_id])


def test_nothing_is_looked_at_where_nothing_changed(tmp_path: Path, chips: list[Chip]) -> None:
    store = write_store(tmp_path, [chips])
    look(store, Counter())
    again = Counter()
    look(open_store(tmp_path), again)
    assert again.looked == 0


def test_the_manifest_has_the_checksum_of_every_chip(done_city: DoneCity) -> None:
    """Equal to one made here from what the store holds; none where there is no chip."""
    store = open_store(done_city.workspace / "2023" / "chips")
    for row in store.manifest.itertuples():
        stored = store.read(str(row.parcel_id))
        if stored is None:
            assert row.chip_sha256 == "" or row.reason == "no_building_seen"
            continue
        chip = Chip(
            parcel_id=str(row.parcel_id),
            year=2023,
            pixels=stored.pixels,
            mask=stored.mask,
            transform=(0.5, 0.0, 0.0, 0.0, -0.5, 0.0),
            crs="EPSG:32618",
            gsd_m=0.5,
            quality=Quality(),
        )
        assert row.chip_sha256 == chip.sha256


def test_a_cache_of_an_earlier_version_is_made_anew(tmp_path: Path, chips: list[Chip]) -> None:
    """It holds no checksums of chips."""
    store = write_store(tmp_path, [chips])
    look(store, Counter())
    path = tmp_path / "features.parquet"
    with_sums = Features(path=path).chips()
    assert len(with_sums) == len(chips)

    import pyarrow.parquet as pq

    table = pq.read_table(path).drop_columns(["chip_sha256"])
    pq.write_table(table.replace_schema_metadata(pq.read_schema(path).metadata), path)
    assert Features(path=path).chips() == {}
