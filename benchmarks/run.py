"""`make bench`: what cutting costs, beside peers and limits, interleaved in one process (ABCABC), median of five.

Seconds are CPU seconds of this process unless a row says wall. The fixture is made once under out/bench from seed 0 (5 GB, a few
minutes): see `benchmarks.fixture`. The table is printed and written to out/bench/bench.json.
"""

import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.export import exporting
from benchmarks.fixture import BenchCity, bench_city
from benchmarks.joins import joining
from benchmarks.memory import peak_anonymous_mb
from benchmarks.model import refitting, scoring
from benchmarks.peers import best_order_cut, naive_cut
from benchmarks.table import OUT, REPEATS, Row, interleave, show
from imagery.chips.cutting import CutJob, Units, Work
from imagery.chips.store import ChipStore
from imagery.chips.tasks import CutPlan, units_of
from imagery.chips.tiling import TileSettings, plan_flyover, plan_jobs, tile_parcels
from imagery.flyover.decode import decoding, read_unit
from roofwatch.executors import Execution, map_batches

CHIPS = OUT / "chips"
SETTINGS = TileSettings(registration="off")
NAIVE_SAMPLE = 24
FORMATS = (("jpeg", 2, 2), ("deflate", 2, 1), ("striped", 2, 1), ("jp2", 1, 1))
"""Kind of tiles, and their columns and rows."""


def main() -> None:
    """Measure everything, or the goals that are named: `python -m benchmarks.run G9 G13`."""
    rows: list[Row] = []
    small, large = (
        (lambda: bench_city(OUT, "jpeg", columns=4, rows=2)),
        (lambda: bench_city(OUT, "jpeg", columns=8, rows=4)),
    )
    parts: dict[str, Callable[[], list[Row]]] = {
        "G1": lambda: [
            _decode_ratio(kind, bench_city(OUT, kind, columns=columns, rows=tiles))
            for kind, columns, tiles in FORMATS
        ],
        "G2": lambda: _stage(small()),
        "G3": lambda: _peers(large()),
        "G6": lambda: _scale(small(), large()),
        "G13": lambda: _reruns(large()),
        "G9": lambda: _two_workers(large()),
        "G7": lambda: scoring(OUT / "demo"),
        "G10": lambda: refitting(),
        "G11": lambda: exporting(),
        "G12": joining,
    }
    for name, measure in parts.items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            rows += measure()
    show(rows, "bench")


def _decode_ratio(kind: str, city: BenchCity) -> Row:
    """G1: pure decode of the touched units over cutting (decode, and putting windows together)."""
    plan = plan_flyover(city.roll, city.flyover, settings=SETTINGS, footprints=None)
    jobs, _ = plan_jobs(plan, city.flyover, OUT / "nowhere", SETTINGS.limits)
    seconds = interleave(
        {"decode": lambda: _decode(plan, city), "cut": lambda: _gather(jobs)},
        repeats=3 if kind == "jp2" else REPEATS,
    )
    return Row(
        goal="G1",
        what=f"{kind} ({plan.decoder}): pure decode / cut only",
        want=">= 0.85",
        got=seconds["decode"] / seconds["cut"],
    )


def _stage(city: BenchCity) -> list[Row]:
    """G2 and G5: libjpeg-turbo decode over the whole chip stage; units decoded over units touched."""
    plan = plan_flyover(city.roll, city.flyover, settings=SETTINGS, footprints=None)
    stores: list[ChipStore] = []
    size = {"bytes": 0}

    def stage() -> None:
        stores.append(_cut(city))
        size["bytes"] = sum(path.stat().st_size for path in CHIPS.glob("*.bin"))

    def write() -> None:
        block = bytes(1_000_000)
        with (OUT / "written.bin").open("wb") as stream:
            for _ in range(size["bytes"] // len(block)):
                stream.write(block)

    seconds = interleave({"stage": stage, "decode": lambda: _decode(plan, city), "write": write})
    (OUT / "written.bin").unlink()
    return [
        Row(
            goal="G2",
            what="jpeg: libjpeg-turbo decode / whole chip stage (plan, cut, turn, mask, measure, store)",
            want=">= 0.55",
            got=seconds["decode"] / seconds["stage"],
        ),
        Row(what="   chip stage, CPU ms a parcel", got=1000 * seconds["stage"] / len(city.roll)),
        Row(
            what="   limit: decode, CPU ms a parcel", got=1000 * seconds["decode"] / len(city.roll)
        ),
        Row(
            what="   limit: writing the same bytes, CPU ms a parcel",
            got=1000 * seconds["write"] / len(city.roll),
        ),
        Row(
            goal="G5",
            what="units decoded / distinct units touched",
            want="= 1",
            got=stores[-1].units_decoded / stores[-1].units_touched,
        ),
    ]


def _peers(city: BenchCity) -> list[Row]:
    """G3: the whole stage at 32 tiles against the peers, per parcel; the naive cut on a sample of whole parcels and of seam parcels."""
    outlines = city.roll.table.geometry
    edges = gpd.GeoSeries(
        [shapely.LinearRing(tile.corners) for tile in city.flyover.tiles], crs=outlines.crs
    ).union_all()
    on_seam = outlines.intersects(edges).to_numpy()
    rng = np.random.default_rng(0)
    whole = outlines[~on_seam].iloc[rng.choice((~on_seam).sum(), NAIVE_SAMPLE, replace=False)]
    seam = outlines[on_seam].iloc[:2]
    some = outlines.iloc[: len(outlines) // 8]
    seconds = interleave(
        {
            "ours": lambda: _cut(city),
            "best": lambda: best_order_cut(some, city.flyover),
            "whole": lambda: naive_cut(whole, city.flyover),
        },
        repeats=3,
    )
    seams = interleave({"seam": lambda: naive_cut(seam, city.flyover)}, repeats=1)["seam"] / len(
        seam
    )
    ours, best = seconds["ours"] / len(outlines), seconds["best"] / len(some)
    naive = (1 - on_seam.mean()) * seconds["whole"] / len(whole) + on_seam.mean() * seams
    return [
        Row(
            goal="G3",
            what=f"naive cut / whole chip stage, 32 tiles ({100 * on_seam.mean():.1f}% on seams)",
            want=">= 50",
            got=naive / ours,
        ),
        Row(
            goal="G3",
            what="best-order cut (windows only, no turn, mask, store) / whole chip stage, 32 tiles",
            want=">= 6",
            got=best / ours,
        ),
        Row(what="   naive cut, CPU ms a parcel", got=1000 * naive),
        Row(what="   best-order cut, CPU ms a parcel", got=1000 * best),
    ]


def _scale(small: BenchCity, large: BenchCity) -> list[Row]:
    """G6 and G15: cost and memory at 32 tiles against 8."""
    seconds = interleave({"small": lambda: _cut(small), "large": lambda: _cut(large)}, repeats=3)
    memory = [peak_anonymous_mb(lambda: _cut(small)), peak_anonymous_mb(lambda: _cut(large))]
    return [
        Row(
            goal="G6",
            what="cost a parcel, 32 tiles / 8 tiles",
            want="<= 1.10",
            got=seconds["large"] / len(large.roll) / (seconds["small"] / len(small.roll)),
        ),
        Row(
            goal="G15",
            what="peak anonymous memory in cutting, 32 tiles, MB",
            want="<= 600",
            got=memory[1],
        ),
        Row(
            goal="G15",
            what="growth of it from 8 to 32 tiles",
            want="<= 1.05",
            got=memory[1] / memory[0],
        ),
    ]


def _reruns(city: BenchCity) -> list[Row]:
    """G13 and G14: a run with nothing changed, and with one tile of 32 delivered anew."""
    start = time.process_time()
    _cut(city)
    first = time.process_time() - start
    start = time.process_time()
    unchanged = _stage_of(city)
    again = time.process_time() - start
    tile = Path(city.flyover.tiles[9].path)
    tile.touch()
    start = time.process_time()
    changed = _stage_of(city)
    one = time.process_time() - start
    share = first / len(city.flyover.tiles)
    return [
        Row(goal="G13", what="unchanged re-run / first run", want="<= 0.02", got=again / first),
        Row(
            goal="G13",
            what="   units decoded in it",
            want="= 0",
            got=float(unchanged.units_decoded),
        ),
        Row(
            goal="G14",
            what=f"1 tile of 32 changed: CPU s (its share is {share:.1f} s; {changed.units_decoded} units decoded)",
            want=f"<= {1.5 * share + 3:.1f}",
            got=one,
        ),
    ]


def _two_workers(city: BenchCity) -> list[Row]:
    """G9: wall seconds with one and with two worker processes."""
    one, two = [], []
    for _ in range(3):
        one.append(_wall(lambda: _cut(city, Execution(executor="serial"))))
        two.append(_wall(lambda: _cut(city, Execution(executor="processes", workers=2))))
    return [
        Row(
            goal="G9",
            what="wall, one process / two workers with their start, whole chip stage, 32 tiles",
            want=">= 1.8",
            got=statistics.median(one) / statistics.median(two),
        )
    ]


def _cut(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    shutil.rmtree(CHIPS, ignore_errors=True)
    return _stage_of(city, execution)


def _stage_of(city: BenchCity, execution: Execution | None = None) -> ChipStore:
    chosen = execution or Execution(executor="serial")

    def mapper(function: Callable[[CutJob], Work], jobs: list[CutJob]) -> object:
        return map_batches(function, jobs, chosen)

    return tile_parcels(
        city.roll, city.flyover, CHIPS, settings=SETTINGS, footprints=None, mapper=mapper
    )  # type: ignore[arg-type]  # a plain closure


def _decode(plan: CutPlan, city: BenchCity) -> None:
    """Decode every touched unit once, and nothing else; buffers are used again, as in cutting."""
    reads = [
        read
        for task in (*plan.inner, *plan.seams)
        for read in (
            *task.spills,
            *(one for parcel in task.parcels for view in parcel.views for one in view.reads),
        )
    ]
    tiles = {
        number: tile for task in (*plan.inner, *plan.seams) for number, tile in task.tiles.items()
    }
    used = None
    with decoding():
        for number, row, column in sorted(
            {unit for read in reads for unit in units_of(read, tiles[read.tile], plan.decoder)}
        ):
            used, _ = read_unit(
                tiles[number], row, column, decoder=plan.decoder, white=city.flyover.white, out=used
            )


def _gather(jobs: list[CutJob]) -> None:
    """Decode and put the windows of every parcel together; nothing is turned or stored."""
    with decoding():
        for job in jobs:
            units = Units(job)
            work = [
                [read for view in parcel.views for read in view.reads]
                for parcel in job.task.parcels
            ] + [[read] for read in job.task.spills]
            for reads in sorted(work, key=lambda some: units.first(some[0])):
                for read in reads:
                    units.piece(read)
                units.release(reads)


def _wall(run: Callable[[], object]) -> float:
    start = time.monotonic()
    run()
    return time.monotonic() - start


if __name__ == "__main__":
    main()
