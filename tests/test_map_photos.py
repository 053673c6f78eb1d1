"""Photos on the fire map: named by what they show, and taken over as long as it does not change."""

from pathlib import Path

import numpy as np
import pandas as pd

from gis_export.fire.map.photos import photo_path, write_photos
from gis_export.part_record import LastFiles
from imagery.chips.chip import chip_checksum
from imagery.chips.store import GRID_COLUMNS, ChipStore
from imagery.files import sha256_file

SIDE = 24


def store_of(folder: Path, levels: dict[str, int]) -> ChipStore:
    """Make a store of square gray chips, 0.1 m a pixel, one below the other."""
    folder.mkdir()
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[8:16, 8:16] = 1
    rows = []
    stored = b""
    for number, (parcel_id, level) in enumerate(levels.items()):
        pixels = np.full((3, SIDE, SIDE), level, np.uint8)
        grid = (0.1, 0.0, 500_000.0, 0.0, -0.1, 4_000_000.0 - 10.0 * number)
        rows.append(
            {
                "parcel_id": parcel_id,
                "status": "chip",
                "shard": 0,
                "offset": len(stored),
                "height": SIDE,
                "width": SIDE,
                "chip_sha256": chip_checksum(pixels, mask),
                **dict(zip(GRID_COLUMNS, grid, strict=True)),
            }
        )
        stored += pixels.tobytes() + mask.tobytes()
    (folder / "shard_00000.bin").write_bytes(stored)
    numbers = {parcel_id: number for number, parcel_id in enumerate(levels)}
    return ChipStore(folder=folder, manifest=pd.DataFrame(rows), rows=numbers)


def left_in(folder: Path) -> LastFiles:
    """Return the files of a folder as a record of the last export has them."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    sums = {path.relative_to(folder).as_posix(): sha256_file(path) for path in paths}
    return LastFiles(folder=folder, sums=sums)


def test_only_new_and_changed_roofs_are_drawn(tmp_path: Path) -> None:
    """Of three roofs one was lost since, one is new, one has another chip, one is as it was."""
    first = store_of(tmp_path / "a", {"gone": 40, "same": 80, "other": 120})
    second = store_of(tmp_path / "b", {"new": 200, "same": 80, "other": 160})
    old = write_photos(first, ["gone", "same", "other"], tmp_path / "old")

    last = left_in(tmp_path / "old")
    photos = write_photos(second, ["new", "same", "other"], tmp_path / "new", last=last)
    fresh = write_photos(second, ["new", "same", "other"], tmp_path / "fresh")

    assert photos == fresh
    assert photos.turned == "222"
    assert [name in old.names for name in photos.names] == [False, True, False]
    for name in photos.names:
        path = tmp_path / "new" / photo_path(name)
        assert path.read_bytes() == (tmp_path / "fresh" / photo_path(name)).read_bytes()
    kept = photo_path(photos.names[1])
    assert (tmp_path / "new" / kept).stat().st_ino == (tmp_path / "old" / kept).stat().st_ino


def test_a_photo_that_was_changed_by_hand_is_drawn_again(tmp_path: Path) -> None:
    store = store_of(tmp_path / "a", {"roof": 80})
    (name,) = write_photos(store, ["roof"], tmp_path / "old").names
    whole = (tmp_path / "old" / photo_path(name)).read_bytes()
    last = left_in(tmp_path / "old")
    (tmp_path / "old" / photo_path(name)).write_bytes(b"another picture")

    write_photos(store, ["roof"], tmp_path / "new", last=last)

    assert (tmp_path / "new" / photo_path(name)).read_bytes() == whole


def test_the_same_roof_in_a_wider_frame_is_another_photo(tmp_path: Path) -> None:
    """What is shown of the year before is the ground of this year's chip."""
    before = store_of(tmp_path / "a", {"roof": 80})
    now = store_of(tmp_path / "b", {"roof": 90})
    wider = ChipStore(
        folder=now.folder, manifest=now.manifest.assign(width=2 * SIDE), rows=now.rows
    )

    names = [
        write_photos(before, ["roof"], tmp_path / str(number), frames=frames).names
        for number, frames in enumerate((now, wider))
    ]

    assert names[0] != names[1]
