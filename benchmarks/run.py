"""`make bench`: what cutting, models, exports and joins cost.

Cutting is measured beside peers and limits. Seconds are CPU seconds of this process unless a row
says wall. The fixture is made once under out/bench from seed 0 (5 GB, a few minutes): see
`benchmarks.fixture`. The table is printed and written to out/bench/bench.json.
"""

import sys
from collections.abc import Callable
from functools import cache

from benchmarks import cutting
from benchmarks.fixture import BenchCity, CitySize, bench_city
from benchmarks.table import OUT, Row, show

FORMATS = {
    "jpeg": CitySize(columns=2, rows=2),
    "deflate": CitySize(columns=2, rows=1),
    "striped": CitySize(columns=2, rows=1),
    "jp2": CitySize(columns=1, rows=1),
}
"""Kinds of tiles, and how many of them are decoded."""
EIGHT_TILES = CitySize(columns=4, rows=2)
THIRTY_TWO_TILES = CitySize(columns=8, rows=4)


def main() -> None:
    """Measure everything, or the goals that are named: `python -m benchmarks.run G9 G13`."""
    goals: dict[str, Callable[[], list[Row]]] = {
        "G1": decode_ratios,
        "G2": lambda: cutting.whole_stage(small_city()),
        "G3": lambda: cutting.beside_peers(large_city()),
        "G6": lambda: cutting.scale(small_city(), large_city()),
        "G13": lambda: cutting.runs_again(large_city()),
        "G9": lambda: cutting.two_workers(large_city()),
        "G7": scoring_ratios,
        "G10": refits,
        "G11": exports,
        "G12": joins,
    }
    named = sys.argv[1:] or list(goals)
    rows: list[Row] = []
    for goal, measure in goals.items():
        if goal in named:
            rows += measure()
    show(rows, "bench")


def decode_ratios() -> list[Row]:
    """G1: what of cutting is pure decoding, for every kind of tiles."""
    rows = []
    for kind, size in FORMATS.items():
        rows.append(cutting.decode_ratio(kind, bench_city(OUT, kind, size)))
    return rows


# These load torch and more, which would weigh on the workers and the memory of cutting.


def scoring_ratios() -> list[Row]:
    """G7: scoring beside a plain loop."""
    from benchmarks.model import scoring

    return scoring(OUT / "demo")


def refits() -> list[Row]:
    """G10: a refit of 15,000 labels."""
    from benchmarks.model import refitting

    return refitting()


def exports() -> list[Row]:
    """G11: writing 240,000 rows."""
    from benchmarks.export import exporting

    return exporting()


def joins() -> list[Row]:
    """G12: joining 240,000 parcels."""
    from benchmarks.joins import joining

    return joining()


@cache
def small_city() -> BenchCity:
    """Return the city of 8 tiles."""
    return bench_city(OUT, "jpeg", EIGHT_TILES)


@cache
def large_city() -> BenchCity:
    """Return the city of 32 tiles."""
    return bench_city(OUT, "jpeg", THIRTY_TWO_TILES)


if __name__ == "__main__":
    main()
