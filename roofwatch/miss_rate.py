"""What visits say of the list of a year: the miss rate, and what became of its words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from gis_export.table.audited import errors_of, miss_rate_of, realized_of
from gis_export.table.inputs import no_looks
from imagery.files import atomic_path
from imagery.json_files import read_facts
from inference.hazard import HazardWord
from inference.miss_rate import MissRate, Realized
from inference.recall import Recall, WordVisits, estimate_recall
from inference.visit_errors import VisitErrors
from roofwatch.year import CityYear

LEAST_TESTED = 5
"""Labels that a word needs before what it was promised to hold is told."""


@dataclass(frozen=True, kw_only=True)
class VisitFindings:
    """What visits say of the list of a year or of the latest year before that was visited."""

    missed: MissRate | None
    """The miss rate, None where no random roof was visited."""
    realized: tuple[Realized, ...]
    """What became of LIKELY and POSSIBLE, by year, the latest first."""
    recall: Recall | None
    """Share of all open roofs that the list has; None where no random roof was visited."""
    errors: VisitErrors
    """How often the people who looked err."""
    year: int
    """Year of the products."""

    @property
    def cover(self) -> str:
        """Return the sentences for the cover of products; "" where nothing is known."""
        if self.missed is None:
            return ""
        recall = self.recall.sentence if self.recall else ""
        said = (self.missed.said_in(self.year), self.missed.with_errors(self.errors), recall)
        return " ".join(text for text in said if text)

    @property
    def sentences(self) -> list[str]:
        """Return every sentence."""
        districts = self.missed.district_sentences if self.missed else []
        realized = [found.sentence for found in self.realized if found.sentence]
        found = [text for text in (self.cover, *districts, *realized) if text]
        return [*found, self.errors.sentence] if found else []


def find_visits(year: CityYear) -> VisitFindings:
    """Return what visits say of a year and of those before it."""
    looks = year.find_looks()
    looks = no_looks() if looks is None else looks
    years = [year, *year.earlier]
    words = {one_year.year: _words(one_year) for one_year in years}
    errors = errors_of(looks, words)
    missed = _latest_missed(looks, years)
    realized = tuple(found for one_year in years for found in _realized(looks, one_year, errors))
    return VisitFindings(
        missed=missed,
        realized=realized,
        recall=_recall(missed, realized, words, errors) if missed else None,
        errors=errors,
        year=year.year,
    )


def _words(year: CityYear) -> pd.Series:
    """Return the hazard word of each parcel; none where the year has not been scored."""
    ledger = year.find_ledger()
    if ledger is None:
        return pd.Series(dtype="object")
    return ledger.table.set_index("parcel_id")["hazard"]


def _recall(
    missed: MissRate,
    realized: Sequence[Realized],
    words: Mapping[int, pd.Series],
    errors: VisitErrors,
) -> Recall:
    """Return the recall of the flyover whose miss rate is known."""
    of_year = words[missed.year]
    visits = [
        WordVisits(roofs=int((of_year == found.word).sum()), checked=found.checked)
        for found in realized
        if found.year == missed.year
    ]
    others = int((of_year == HazardWord.NOT_SEEN.value).sum())
    return estimate_recall(visits, missed.city, others, year=missed.year, errors=errors)


def _latest_missed(looks: pd.DataFrame, years: list[CityYear]) -> MissRate | None:
    """Return the miss rate of the latest year in which a random roof was judged."""
    for year in years:
        districts = year.roll.table.set_index("parcel_id")["inspection_district"]
        missed = miss_rate_of(looks, districts, year=year.year)
        if missed is not None and missed.city.judged:
            return missed
    return None


def _realized(looks: pd.DataFrame, year: CityYear, errors: VisitErrors) -> tuple[Realized, ...]:
    ledger = year.find_ledger()
    return realized_of(looks, ledger, _promised(year), errors) if ledger is not None else ()


def _promised(year: CityYear) -> dict[HazardWord, float]:
    """Return the share open that the test of the scoring model on other blocks gave each word."""
    path = year.files.report.model_evaluation
    if not path.exists():
        return {}

    evaluation = read_facts(path, remedy=f"score {year.year} again")
    ships = evaluation["ships"]
    rungs = evaluation["rungs"]
    if not isinstance(ships, dict) or not isinstance(rungs, list):
        return {}
    (figures,) = (figures for figures in rungs if figures["name"] == ships["name"])
    return shares_by_word(figures)


def shares_by_word(figures: Mapping[str, float | None]) -> dict[HazardWord, float]:
    """Return the share of the labels with a word that are open, of words with `LEAST_TESTED`.

    Args:
        figures: Of a rung, as evaluation.json has them: there LIKELY is a part of POSSIBLE.
    """
    likely_open, likely = _count_labels(figures, "likely")
    listed_open, listed = _count_labels(figures, "possible")
    counts = {
        HazardWord.LIKELY: (likely_open, likely),
        HazardWord.POSSIBLE: (listed_open - likely_open, listed - likely),
    }
    return {
        word: hits / labels for word, (hits, labels) in counts.items() if labels >= LEAST_TESTED
    }


def _count_labels(figures: Mapping[str, float | None], word: str) -> tuple[int, int]:
    """Return the open labels with a word, and all of them; none where no label is open."""
    precision = figures[f"precision_{word}"]
    hits = round((figures[f"recall_{word}"] or 0) * (figures["failing"] or 0))
    return hits, round(hits / precision) if precision else 0


def write_visits(year: CityYear, found: VisitFindings) -> None:
    """Write report/miss_rate.json: the sentences, and the counts behind them."""
    most = found.missed.city.most if found.missed else None
    facts = {
        "sentences": found.sentences,
        "missed": asdict(found.missed) if found.missed else None,
        "most_missed": most,
        "most_missed_with_errors": found.errors.most(most) if most is not None else None,
        "recall": asdict(found.recall) if found.recall and found.recall.is_known else None,
        "errors": {
            **asdict(found.errors),
            "misses": found.errors.misses,
            "false_alarms": found.errors.false_alarms,
        },
        "realized": [_facts(realized) for realized in found.realized if realized.checked.judged],
    }
    path = year.files.report.miss_rate
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=2, allow_nan=False), encoding="utf-8")


def _facts(realized: Realized) -> dict[str, object]:
    checked = realized.checked
    promised = realized.promised if realized.promised == realized.promised else None
    return {
        "year": realized.year,
        "word": realized.word,
        "checked": asdict(checked),
        "share": checked.share,
        "least": realized.least,
        "most": realized.most,
        "promised": promised,
    }
