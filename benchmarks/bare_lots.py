"""How many razed lots are called so, and how many standing buildings, in each light.

    python -m benchmarks.bare_lots DEMO [--lights NAME ...]

DEMO is a finished demo city. Its chips are measured as flown and as changed by
`benchmarks/shifts.py`, and compared with truth.csv. The rule before went by tint alone.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from benchmarks.shifts import SHIFTS, Shift
from imagery.chips.bare_lots import BARE_NOTES, USUAL_GROUND, note_bare_lots
from imagery.chips.quality import SURFACE_COLUMNS, Scene, measure_quality
from imagery.chips.store import ChipStore, StoredChip, open_store, read_chip
from imagery.flyover.pixels import DATA, NODATA
from imagery.workspace import YearFiles

AS_FLOWN = "as flown"
MAX_GROUND = 0.8
STANDING = ("intact", "occupied", "sag")
FAILING = ("hole", "open", "burnt", "gone")


def main() -> None:
    """Print a line for each light and year."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path)
    parser.add_argument("--lights", nargs="*", default=[AS_FLOWN, *SHIFTS])
    options = parser.parse_args()

    truth = pd.read_csv(options.demo / "truth.csv", dtype={"parcel_id": str})
    print(f"{'light':16}{'year':>6}{'razed':>7}  found (failing, standing wrongly called)")
    for light in options.lights:
        for line in compare_light(options.demo, truth, light):
            print(line, flush=True)


def compare_light(demo: Path, truth: pd.DataFrame, light: str) -> Iterator[str]:
    """Yield a line for each year of a demo, photographed in some light."""
    before = None
    for year in sorted(truth["year"].unique()):
        chips = YearFiles(folder=demo / "workspace" / str(year)).chips.folder
        manifest = measure_chips(open_store(chips), SHIFTS.get(light))
        states = truth[truth["year"] == year].set_index("parcel_id")["state"]
        state = states.reindex(manifest["parcel_id"]).to_numpy()

        old = by_tint_alone(manifest)
        alone = note_bare_lots(manifest, None, MAX_GROUND).isin(BARE_NOTES).to_numpy()
        now = note_bare_lots(manifest, before, MAX_GROUND).isin(BARE_NOTES).to_numpy()
        counts = [
            f"{name} {count(called, state)}"
            for name, called in (("tint", old), ("photo", alone), ("with the year before", now))
        ]
        yield f"{light:16}{year:>6}{(state == 'razed').sum():>7}  {'; '.join(counts)}"
        before = manifest


def by_tint_alone(manifest: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which lots the rule of earlier versions called bare."""
    ground = manifest["ground_share"].to_numpy()
    is_told = float(np.median(ground)) <= USUAL_GROUND
    return np.asarray((ground > MAX_GROUND) & is_told)


def count(
    called: np.ndarray[tuple[int], np.dtype[np.bool_]],
    state: np.ndarray[tuple[int], np.dtype[np.object_]],
) -> str:
    """Say how many razed, failing and standing lots were called bare."""
    razed = (called & (state == "razed")).sum()
    failing = (called & np.isin(state, FAILING)).sum()
    standing = (called & np.isin(state, STANDING)).sum()
    return f"{razed} ({failing}, {standing})"


def measure_chips(store: ChipStore, shift: Shift | None) -> pd.DataFrame:
    """Return the manifest of changed photos, with the columns that tell a bare lot."""
    rows = store.manifest[store.manifest["height"] > 0]
    records = []
    sizes_m = np.hypot(rows["grid_a"].to_numpy(), rows["grid_d"].to_numpy()).tolist()
    for row, place, gsd_m in zip(rows.itertuples(), store.places(rows), sizes_m, strict=True):
        quality = measure_quality(make_scene(read_chip(place), shift, gsd_m))
        surface = {name: getattr(quality.surface, name) for name in SURFACE_COLUMNS}
        record = {
            "parcel_id": row.parcel_id,
            "height": row.height,
            "photo_gsd_m": gsd_m,
            "ground_share": quality.ground_share,
        }
        records.append(record | surface)
    return pd.DataFrame(records)


def make_scene(chip: StoredChip, shift: Shift | None, gsd_m: float) -> Scene:
    """Return a chip, its photo changed, as the cutter sees it."""
    image = np.ascontiguousarray(chip.pixels.transpose(1, 2, 0))
    is_data = np.any(image, axis=2)
    if shift is not None:
        image = shift(image, gsd_m) * is_data[..., None]

    pixels = np.empty((*chip.mask.shape, 4), np.uint8)
    pixels[..., :3] = image
    pixels[..., 3] = np.where(is_data, DATA, NODATA)
    return Scene(pixels=pixels, mask=chip.mask, whole=bool(is_data.all()), owners=None)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
