"""What cutting chips costs: the goals G1 to G6, G9 and G13 to G15."""

import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.chip_stage import CHIPS, cut, cut_again, decode, gather, plan
from benchmarks.fixture import BenchCity
from benchmarks.memory import peak_anonymous_mb
from benchmarks.peers import best_order_cut, naive_cut
from benchmarks.table import OUT, REPEATS, Row, cpu_s, interleave, wall_s, write_bytes
from imagery.chips.store import ChipStore
from roofwatch.executors import Execution

NAIVE_SAMPLE = 24
SEAM_SAMPLE = 2
BEST_ORDER_SHARE = 8
"""The best-order cut takes one parcel of so many."""
CHANGED_TILE = 9
WORKER_RUNS = 3


def decode_ratio(kind: str, city: BenchCity) -> Row:
    """G1: pure decode of the touched units over cutting (decode, and putting windows together).

    JPEG 2000 is decoded in this process too, so that its CPU seconds are counted here. In a run it
    is decoded in a process of its own.
    """
    tiles = tuple(replace(tile, max_seconds=0.0) for tile in city.flyover.tiles)
    stage = plan(replace(city, flyover=replace(city.flyover, tiles=tiles)))
    seconds = interleave(
        {"decode": partial(decode, stage), "cut": partial(gather, stage)},
        repeats=3 if kind == "jp2" else REPEATS,
    )
    return Row(
        goal="G1",
        what=f"{kind} ({stage.decoder}): pure decode / cut only",
        want=">= 0.85",
        got=seconds["decode"] / seconds["cut"],
    )


def whole_stage(city: BenchCity) -> list[Row]:
    """G2 and G5: libjpeg-turbo decode over the whole chip stage; units decoded over touched."""
    stage = plan(city)
    store = cut(city)
    size = sum(path.stat().st_size for path in CHIPS.glob("*.bin"))
    written = OUT / "written.bin"
    seconds = interleave(
        {
            "stage": partial(cut, city),
            "decode": partial(decode, stage),
            "write": partial(write_bytes, written, size),
        }
    )
    written.unlink()

    ms = {name: 1000 * value / len(city.roll) for name, value in seconds.items()}
    return [
        Row(
            goal="G2",
            what="jpeg: libjpeg-turbo decode / whole chip stage "
            "(plan, cut, turn, mask, measure, store)",
            want=">= 0.55",
            got=seconds["decode"] / seconds["stage"],
        ),
        Row(what="   chip stage, CPU ms a parcel", got=ms["stage"]),
        Row(what="   limit: decode, CPU ms a parcel", got=ms["decode"]),
        Row(what="   limit: writing the same bytes, CPU ms a parcel", got=ms["write"]),
        Row(
            goal="G5",
            what="units decoded / distinct units touched",
            want="= 1",
            got=store.units_decoded / store.units_touched,
        ),
    ]


def beside_peers(city: BenchCity) -> list[Row]:
    """G3: the whole stage at 32 tiles beside the peers, per parcel.

    The naive cut is measured on a sample of whole parcels and on one of parcels on seams.
    """
    outlines = city.roll.table.geometry
    on_seam = outlines.intersects(_seams(city)).to_numpy()
    whole = _sample(outlines[~on_seam])
    seam = outlines[on_seam].iloc[:SEAM_SAMPLE]
    some = outlines.iloc[: len(outlines) // BEST_ORDER_SHARE]

    seconds = interleave(
        {
            "ours": partial(cut, city),
            "best": partial(best_order_cut, some, city.flyover),
            "whole": partial(naive_cut, whole, city.flyover),
        },
        repeats=3,
    )
    seam_s = cpu_s(partial(naive_cut, seam, city.flyover)) / len(seam)
    ours_s = seconds["ours"] / len(outlines)
    best_s = seconds["best"] / len(some)
    share = float(on_seam.mean())
    naive_s = (1 - share) * seconds["whole"] / len(whole) + share * seam_s
    return [
        Row(
            goal="G3",
            what=f"naive cut / whole chip stage, 32 tiles ({100 * share:.1f}% on seams)",
            want=">= 50",
            got=naive_s / ours_s,
        ),
        Row(
            goal="G3",
            what="best-order cut (windows only, no turn, mask, store) / whole chip stage, 32 tiles",
            want=">= 6",
            got=best_s / ours_s,
        ),
        Row(what="   naive cut, CPU ms a parcel", got=1000 * naive_s),
        Row(what="   best-order cut, CPU ms a parcel", got=1000 * best_s),
    ]


def scale(small: BenchCity, large: BenchCity) -> list[Row]:
    """G6 and G15: cost and memory at 32 tiles beside 8."""
    seconds = interleave({"small": partial(cut, small), "large": partial(cut, large)}, repeats=3)
    small_s = seconds["small"] / len(small.roll)
    large_s = seconds["large"] / len(large.roll)
    small_mb = peak_anonymous_mb(partial(cut, small))
    large_mb = peak_anonymous_mb(partial(cut, large))
    return [
        Row(
            goal="G6",
            what="cost a parcel, 32 tiles / 8 tiles",
            want="<= 1.10",
            got=large_s / small_s,
        ),
        Row(
            goal="G15",
            what="peak anonymous memory in cutting, 32 tiles, MB",
            want="<= 600",
            got=large_mb,
        ),
        Row(
            goal="G15",
            what="growth of it from 8 to 32 tiles",
            want="<= 1.05",
            got=large_mb / small_mb,
        ),
    ]


def runs_again(city: BenchCity) -> list[Row]:
    """G13 and G14: a run with nothing changed, and with one tile of 32 delivered again."""
    first_s = cpu_s(partial(cut, city))
    unchanged, again_s = _time_again(city)
    Path(city.flyover.tiles[CHANGED_TILE].path).touch()
    changed, changed_s = _time_again(city)

    share_s = first_s / len(city.flyover.tiles)
    detail = f"its share is {share_s:.1f} s; {changed.units_decoded} units decoded"
    return [
        Row(goal="G13", what="unchanged re-run / first run", want="<= 0.02", got=again_s / first_s),
        Row(
            goal="G13",
            what="   units decoded in it",
            want="= 0",
            got=float(unchanged.units_decoded),
        ),
        Row(
            goal="G14",
            what=f"1 tile of 32 changed: CPU s ({detail})",
            want=f"<= {1.5 * share_s + 3:.1f}",
            got=changed_s,
        ),
    ]


def two_workers(city: BenchCity) -> list[Row]:
    """G9: wall seconds with one and with two worker processes."""
    serial = Execution(executor="serial")
    processes = Execution(executor="processes", workers=2)
    one_s = []
    two_s = []
    for _ in range(WORKER_RUNS):
        one_s.append(wall_s(partial(cut, city, serial)))
        two_s.append(wall_s(partial(cut, city, processes)))

    return [
        Row(
            goal="G9",
            what="wall, one process / two workers with their start, whole chip stage, 32 tiles",
            want=">= 1.8",
            got=statistics.median(one_s) / statistics.median(two_s),
        )
    ]


def _seams(city: BenchCity) -> shapely.Geometry:
    """Return the edges of all tiles."""
    edges = [shapely.LinearRing(tile.corners) for tile in city.flyover.tiles]
    return shapely.union_all(edges)


def _sample(outlines: gpd.GeoSeries) -> gpd.GeoSeries:
    rng = np.random.default_rng(0)
    return outlines.iloc[rng.choice(len(outlines), NAIVE_SAMPLE, replace=False)]


def _time_again(city: BenchCity) -> tuple[ChipStore, float]:
    """Run the stage on what is there; return its store and CPU seconds."""
    start_s = time.process_time()
    store = cut_again(city)
    return store, time.process_time() - start_s
