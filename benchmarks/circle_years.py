"""The whole circle over the three years of a demo city, with simulated people.

    python -m benchmarks.circle_years --out DIR [--parcels 400] [--seed 3] [--circles 1]

Year one has the labels of its desk. A model learns from them and scores year two. Readers with
stated errors look at the roofs that looks.csv draws, inspectors visit the work list, and what they
say goes into the book of looks. A second model learns from all of it. Both score year three, and
are compared by the truth on blocks where nobody has labeled, looked or visited. A second circle
leaves out other blocks of the same city, and people err elsewhere.
"""

import argparse
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from demo_city.city import build_demo_city
from demo_city.people import INSPECTORS, READERS, Answers
from gis_export.table.visits import AUDIT
from labels.book import Entry
from labels.look import Look, Means
from roofwatch.both_scored import score_both
from roofwatch.config import read_city
from roofwatch.demo_truth import read_features, read_truth
from roofwatch.executors import Execution
from roofwatch.miss_rate import find_visits
from roofwatch.stages.export import export
from roofwatch.stages.promote import promote_version
from roofwatch.stages.score import score
from roofwatch.stages.train import train
from roofwatch.year import City, CityYear
from training.compare import Difference, paired_difference

FIRST, SECOND, THIRD = 2022, 2023, 2024
UNTOUCHED = 0.4
"""Share of the blocks where nobody labels, looks or visits."""
REPEATS = 2_000
CITY_FILE = "circle.toml"
WORKSPACE = "circle"
LABELS = "circle_labels.csv"
VISIT_DAYS = 60
"""Days after the flight by which the visits are made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Circle:
    """A demo city in the middle of its circle."""

    path: Path
    """Its city file."""
    truth: pd.DataFrame
    """Columns parcel_id, year, failing."""
    untouched: frozenset[str]
    """Parcels in blocks where nobody looks."""
    rng: np.random.Generator
    """What people get wrong."""

    def city(self) -> City:
        """Open the city anew: what people said since is read again."""
        return City(file=read_city(self.path), execution=Execution(), quiet=True)

    def is_open(self, parcels: list[str], year: int) -> NDArray[np.bool_]:
        """Return which roofs are truly open, (N,)."""
        of_year = self.truth[self.truth["year"] == year].set_index("parcel_id")["failing"]
        return np.asarray(of_year.reindex(parcels).fillna(0) == 1, dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody answered of a roof, and why they looked."""

    parcel: str
    """The parcel."""
    answer: str
    """Y, N, or "" where they could not judge it."""
    chosen: str
    """How it was chosen."""
    chance: float | None
    """Chance with which it was drawn, None where it was not."""


def main() -> None:
    """Run the circles, and print what they found."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--parcels", type=int, default=400)
    options.add_argument("--seed", type=int, default=3)
    options.add_argument("--circles", type=int, default=1)
    chosen = options.parse_args()

    city = build_demo_city(chosen.out, parcels=chosen.parcels, seed=chosen.seed)
    found = []
    for number in range(chosen.circles):
        circle = begin(city, number, np.random.default_rng([chosen.seed, 14, number]))
        found.append(go_round(circle))
    better = sum(difference.difference > 0 for difference in found)
    mean = np.mean([difference.difference for difference in found])
    print(f"better in {better} of {len(found)} circles, by {mean:+.3f} in the mean")


def go_round(circle: Circle) -> Difference:
    """Go through three years, and return what the looks brought."""
    first = learn(circle, FIRST)
    print(f"year {FIRST}: version {first} learned from the labels of its desk", flush=True)
    year = circle.city().year(SECOND)
    score(year)
    export(year)

    looks = [*desk_looks(circle, year), *site_looks(circle, year)]
    circle.city().book.add(looks, Entry(file="circle", sha256="circle", by="demo", command="demo"))
    year = circle.city().year(SECOND)
    export(year)
    print(f"year {SECOND}: {len(looks)} looks came back", flush=True)
    print("\n".join(f"  {sentence}" for sentence in find_visits(year).sentences))

    second = learn(circle, SECOND)
    print(f"year {THIRD}: version {second} against version {first}", flush=True)
    found = compare(circle, first, second)
    print(f"  {verdict(found)}", flush=True)
    return found


def begin(path: Path, number: int, rng: np.random.Generator) -> Circle:
    """Give a demo city a city file whose labels are those of year one alone, and a new workspace.

    Chips and features are taken along: they are the same in every circle.

    Args:
        path: City file of the demo.
        number: Number of the circle.
        rng: What blocks are untouched, and what people get wrong.
    """
    out = path.parent
    workspace = out / f"{WORKSPACE}_{number}"
    shutil.rmtree(workspace, ignore_errors=True)
    for chips in sorted(out.glob(f"{WORKSPACE}_*/*/chips")):
        (workspace / chips.parent.name).mkdir(parents=True)
        chips.rename(workspace / chips.parent.name / chips.name)

    text = path.read_text(encoding="utf-8")
    text = text.replace('workspace = "workspace"', f'workspace = "{workspace.name}"')
    text = text.replace('path = "labels.csv"', f'path = "{LABELS}"')
    (out / CITY_FILE).write_text(text, encoding="utf-8")

    labels = pd.read_csv(out / "labels.csv", dtype=str)
    labels.to_csv(out / LABELS, index=False)
    blocks = City(file=read_city(out / CITY_FILE), quiet=True).roll.table[["parcel_id", "block"]]
    names = sorted(blocks["block"].astype(str).unique())
    kept = set(rng.permutation(names)[: round(UNTOUCHED * len(names))].tolist())
    untouched = frozenset(blocks.loc[blocks["block"].astype(str).isin(kept), "parcel_id"])

    is_first = (labels["year"] == str(FIRST)) & ~labels["parcel_id"].isin(untouched)
    labels[is_first].to_csv(out / LABELS, index=False)
    return Circle(path=out / CITY_FILE, truth=read_truth(out), untouched=untouched, rng=rng)


def learn(circle: Circle, year: int) -> int:
    """Train on what is known up to a year; return the version, champion whatever the gate says."""
    city = circle.city()
    version = int(train(city.year(year)).version.version)
    promotion = promote_version(city, version, by="demo", why="the circle goes on", force=True)
    print(f"  gate: {promotion.verdict.text}", flush=True)
    return version


def desk_looks(circle: Circle, year: CityYear) -> list[Look]:
    """Return what readers say of the roofs that looks.csv draws."""
    table = pd.read_csv(year.files.report.looks, dtype={"parcel_id": str})
    table = table[~table["parcel_id"].isin(circle.untouched)]
    parcels = table["parcel_id"].tolist()
    answers = READERS.look(circle.is_open(parcels, year.year), circle.rng)
    chances = table["chance"].astype(float).tolist()
    day = flown(year) + timedelta(days=20)

    looks = []
    for parcel, answer, chosen, chance in zip(
        parcels, answers, table["chosen"], chances, strict=True
    ):
        asked = Asked(parcel=parcel, answer=str(answer), chosen=str(chosen), chance=chance)
        looks.append(make_look(asked, year, day, Means.PHOTO))
    return looks


def site_looks(circle: Circle, year: CityYear) -> list[Look]:
    """Return what inspectors say of the roofs on the work list."""
    table = pd.read_csv(year.files.housing / "worklist.csv", dtype=str, keep_default_na=False)
    is_listed = (table["VISIT"] == "Y") & ~table["PARCEL_ID"].isin(circle.untouched)
    listed = table[is_listed]
    parcels = listed["PARCEL_ID"].tolist()
    answers: Answers = INSPECTORS.look(circle.is_open(parcels, year.year), circle.rng)
    day = flown(year) + timedelta(days=VISIT_DAYS)

    looks = []
    for parcel, answer, chosen, chance in zip(
        parcels, answers, listed["CHOSEN"], listed["CHANCE"], strict=True
    ):
        drawn = float(chance) if chosen == AUDIT else None
        asked = Asked(parcel=parcel, answer=str(answer), chosen=chosen, chance=drawn)
        looks.append(make_look(asked, year, day, Means.SITE))
    return looks


def make_look(asked: Asked, year: CityYear, day: date, means: Means) -> Look:
    """Return one look in the words of the book."""
    is_site = means is Means.SITE
    roofs = {"Y": "pct_25_49", "N": "pct_0", "": "" if is_site else "cannot_tell"}
    return Look(
        parcel_id=asked.parcel,
        year=year.year,
        day=day,
        who="simulated",
        source="inspector" if is_site else "desk",
        means=means,
        roof=roofs[asked.answer],
        disposition="no_access" if is_site and not asked.answer else "",
        chosen=asked.chosen,
        chance=asked.chance,
        said_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def flown(year: CityYear) -> date:
    """Return the day of a flight."""
    return year.flown or date(year.year, 1, 1)


def compare(circle: Circle, first: int, second: int) -> Difference:
    """Compare two versions by the truth of year three on untouched blocks."""
    city = circle.city()
    year = city.year(THIRD)
    read_features(year)
    both = {flyover.year: flyover for flyover in score_both(city, second, first).flyovers}
    roofs = both[THIRD].roofs
    roofs = roofs[roofs["parcel_id"].isin(circle.untouched)]

    blocks = year.roll.table.set_index("parcel_id")["block"].astype(str)
    parcels = roofs["parcel_id"].tolist()
    labels = pd.DataFrame(
        {
            "failing": circle.is_open(parcels, THIRD).astype(int),
            "block": blocks.reindex(parcels).to_numpy(object),
        }
    )
    print(f"  {len(labels)} roofs on untouched blocks, {labels['failing'].sum()} of them open")
    return paired_difference(
        roofs["score"].to_numpy(np.float64),
        roofs["score_champion"].to_numpy(np.float64),
        labels,
        REPEATS,
        circle.rng,
    )


def verdict(difference: Difference) -> str:
    """Say the paired verdict in words."""
    low, high = difference.interval
    word = "better" if difference.difference > 0 else "not better"
    sure = "beyond chance" if low > 0 or high < 0 else "within chance"
    return (
        f"the model with the looks is {word}: average precision {difference.difference:+.3f} "
        f"(90%: {low:+.3f} to {high:+.3f}), better in {difference.share_better:.0%} of the "
        f"resamples of {difference.resampled}, {sure}"
    )


if __name__ == "__main__":
    main()
