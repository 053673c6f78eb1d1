"""How often is `roofwatch init` right? A demo city with shuffled names, columns and formats.

    python -m benchmarks.newcomer_init [--seeds 12] [--parcels 1600]

The demo city is made under out/bench, without a run. Each seed delivers its inputs twice (see
`benchmarks.shuffled_city`): once with names of columns and tables as other cities have them, once
with names that mean nothing. Photos always have names that mean nothing; their year is said by the
folder, the files, a note, the headers, or nothing. Every choice is compared with the truth.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.shuffled_city import Delivered, deliver
from benchmarks.table import OUT
from demo_city.city import build_demo_city
from roofwatch.proposal.choice import Choice, Section, leave_open
from roofwatch.proposal.document import write_document
from roofwatch.proposal.proposal import FLYOVER, Proposal, propose_city

RIGHT = "right, certain"
DOUBTFUL_RIGHT = "right, doubt stated"
DOUBTFUL = "wrong or none first, doubt stated"
MISSING = "not found, and said so"
WRONG = "WRONG WITHOUT A DOUBT"
VERDICTS = (RIGHT, DOUBTFUL_RIGHT, DOUBTFUL, MISSING, WRONG)
UNASKED = ("city", "model")
"""Sections that have no truth."""
FREE = ("layer", "name", "column", "path", "year")
"""Keys that are compared otherwise, or whose value is free."""


def main() -> None:
    """Print how often each choice is right, and every one that is not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--parcels", type=int, default=1600)
    options = parser.parse_args()
    demo = OUT / f"newcomer_{options.parcels}"
    build_demo_city(demo, parcels=options.parcels)

    for is_named in (True, False):
        counts: dict[str, Counter[str]] = {}
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory(dir=demo.parent) as folder:
                to = deliver(demo, Path(folder) / "in", seed=seed, is_named=is_named)
                proposal = propose_city([to.folder], Path(folder) / "city.toml", leave_open)
                for what, verdict in judge(proposal, to, Path(folder)):
                    counts.setdefault(what, Counter())[verdict] += 1
                    if verdict in (WRONG, DOUBTFUL):
                        print(f"seed {seed}, named {is_named}: {what}: {verdict}", flush=True)
                _ = write_document(proposal)
        show("names as in other cities" if is_named else "names that mean nothing", counts)


def show(title: str, counts: dict[str, Counter[str]]) -> None:
    """Print one line for each choice, and the shares of all."""
    print(f"\n{title}")
    print(f"  {'':28s}" + "".join(f"{verdict.split(',')[0][:16]:>18s}" for verdict in VERDICTS))
    for what, found in counts.items():
        print(f"  {what:28s}" + "".join(f"{found[verdict]:18d}" for verdict in VERDICTS))

    total = sum(counts.values(), Counter())
    for verdict in VERDICTS:
        print(f"  {verdict:40s} {total[verdict]:5d} of {total.total()} ({_share(total, verdict)})")


def _share(total: Counter[str], verdict: str) -> str:
    return f"{total[verdict] / total.total():.1%}"


def judge(proposal: Proposal, to: Delivered, base: Path) -> Iterator[tuple[str, str]]:
    """Yield what was chosen and how good it is, for every key of the truth and every other key."""
    sections = {section.name: section for section in proposal.sections}
    for what, value in to.truth.items():
        if what.startswith("flyover "):
            yield "flyover.year", _judge_year(proposal, Path(what.removeprefix("flyover ")), value)
            continue
        name, _, key = what.rpartition(".")
        choice = _find(sections.get(name), key)
        wanted = str(Path(str(value)).relative_to(base)) if isinstance(value, Path) else value
        yield what, _verdict(choice, wanted)

    for section in proposal.sections:
        if section.name in UNASKED:
            continue
        for choice in section.choices:
            is_other = f"{section.name}.{choice.key}" not in to.truth and choice.key not in FREE
            if is_other and choice.is_written and not _is_true_day(section, choice):
                yield f"other: {section.name}.{choice.key}", WRONG


def _find(section: Section | None, key: str) -> Choice:
    found = section.find(key) if section else None
    return found or Choice(key=key)


def _verdict(choice: Choice, wanted: object) -> str:
    if not choice.best:
        return MISSING
    is_right = choice.best.value == wanted
    if choice.doubt:
        return DOUBTFUL_RIGHT if is_right else DOUBTFUL
    return RIGHT if is_right else WRONG


def _judge_year(proposal: Proposal, folder: Path, year: object) -> str:
    """Judge the year of one folder of photos."""
    for section in proposal.sections:
        path = section.find("path")
        if section.name != FLYOVER or path is None or path.best is None:
            continue
        paths = path.best.value if isinstance(path.best.value, list) else [path.best.value]
        if any(str(folder).endswith(str(each)) for each in paths):
            return _verdict(_find(section, "year"), year)
    return WRONG


def _is_true_day(section: Section, choice: Choice) -> bool:
    """Tell whether a key is the day that the notes beside photos give."""
    year = section.find("year")
    if choice.key != "date" or choice.best is None or year is None or year.best is None:
        return False
    return choice.best.value == f"{year.best.value}-03-05"


if __name__ == "__main__":
    main()
