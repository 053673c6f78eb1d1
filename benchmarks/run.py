"""`make bench`: CPU seconds of ours and of the peers, interleaved in one process, median of five.

The fixture is a demo city of 400 parcels, built from seed 0 under `out/bench`.
"""

import json
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.peers import naive_cut
from imagery.tiling import CutBatch, read_footprints, tile_parcels
from roofwatch.city import City
from roofwatch.config import read_city
from roofwatch.demo.city import build_demo_city

REPEATS = 5
OUT = Path("out/bench")


def main() -> None:
    """Measure, print a table, write out/bench/bench.json."""
    city = City(file=read_city(build_demo_city(OUT, parcels=400, seed=0)), quiet=True)
    flyover = city.flyover(2022)
    outlines = city.file.footprints
    footprints = read_footprints(outlines.path, outlines.layer) if outlines else None
    folder = OUT / "chips"

    def ours() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        tile_parcels(city.roll, flyover, folder, settings=city.file.tile, footprints=footprints, mapper=_serial)

    def again() -> None:
        tile_parcels(city.roll, flyover, folder, settings=city.file.tile, footprints=footprints, mapper=_serial)

    rows = {"chip stage (cut, turn, mask, store)": ours, "unchanged re-run": again, "naive cut (peer, no turn, no store)": lambda: naive_cut(city.roll.table, flyover)}
    seconds = _interleave(rows)
    width = max(len(name) for name in rows)
    for name, value in seconds.items():
        print(f"{name:{width}s}  {value:7.3f} CPU s  {1000 * value / len(city.roll):7.2f} ms a parcel")
    (OUT / "bench.json").write_text(json.dumps({"tiles": len(flyover.tiles), "vacants": len(city.roll), "cpu_seconds": seconds}, indent=2))


def _interleave(rows: dict[str, Callable[[], object]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(REPEATS):
        for name, work in rows.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _serial(function: Callable[[CutBatch], int], batches: Sequence[CutBatch]) -> Iterator[int]:
    for batch in batches:
        yield function(batch)


if __name__ == "__main__":
    main()
