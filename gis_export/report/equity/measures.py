"""What is compared between areas, and the roofs that say so.

Figures come from roofs that people saw and the model had not learned from, and from visits; only
the share that was not assessed is counted over all vacants. A share of the open roofs that is
missed, and a share of the other roofs that is flagged, do not depend on how many roofs are open in
an area. What visits find among the listed or the unlisted does: Chouldechova (2017), "Fair
prediction with disparate impact", Big Data 5. The page says so beside such a figure.
"""

from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from gis_export.table.audited import roof_answers
from gis_export.table.visits import AUDIT, LISTED
from inference.hazard import HazardWord
from inference.ledger import Ledger

PARCEL = "parcel_id"
OUTCOME = "outcome"
_AUDIT_START = AUDIT.partition(":")[0]
_FLAGGED = (HazardWord.LIKELY.value, HazardWord.POSSIBLE.value)


class Evidence(StrEnum):
    """Which roofs a figure counts; each roof at most once."""

    VACANTS = "all vacants"
    OPEN = "held-out roofs that are open"
    NOT_OPEN = "held-out roofs that are not open"
    RANDOM = "visits to random unflagged roofs"
    LISTED = "visits to flagged roofs"


OUTCOMES: dict[Evidence, tuple[str, ...]] = {
    Evidence.VACANTS: ("not assessed", "assessed"),
    Evidence.OPEN: ("missed", "flagged"),
    Evidence.NOT_OPEN: ("flagged", "not flagged"),
    Evidence.RANDOM: ("open", "not open"),
    Evidence.LISTED: ("open", "not open", "not judged"),
}
"""What can be said of each roof; the first names those that are counted."""


class Use(StrEnum):
    """Whom a figure concerns."""

    FIRE = "Fire"
    HOUSING = "Housing"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure that is compared between areas."""

    key: str
    """Its name in the CSV."""
    use: Use
    """Whom it concerns."""
    title: str
    """Its name on the page."""
    evidence: Evidence
    """The roofs that say so."""
    hit: str
    """The outcome that is counted."""
    of: tuple[str, ...]
    """Outcomes of which it is a share."""
    noun: str
    """What is counted, such as "open roofs missed"."""
    says: str
    """What the figure is, in a sentence."""
    depends: bool = False
    """Whether it also depends on how many roofs are open in an area."""
    is_inverse: bool = False
    """Whether people read it as one in how many."""

    def __post_init__(self) -> None:
        """Check that its outcomes are those of its evidence."""
        if self.hit not in self.of or not set(self.of) <= set(OUTCOMES[self.evidence]):
            raise ValueError(f"{self.key} counts {self.hit} of {self.of}")


MEASURES = (
    Measure(
        key="missed",
        use=Use.FIRE,
        title="Open roofs that the list misses",
        evidence=Evidence.OPEN,
        hit="missed",
        of=("missed", "flagged"),
        noun="open roofs missed",
        says="Of the open roofs that people saw, the share that the scores do not flag.",
    ),
    Measure(
        key="missed_on_visits",
        use=Use.FIRE,
        title="Open roofs among those that the list does not flag",
        evidence=Evidence.RANDOM,
        hit="open",
        of=("open", "not open"),
        noun="unflagged roofs found open",
        says=(
            "Of the roofs that were drawn at random among those not "
            "flagged, the share that visits find open."
        ),
        depends=True,
    ),
    Measure(
        key="not_assessed",
        use=Use.FIRE,
        title="Roofs that were not assessed",
        evidence=Evidence.VACANTS,
        hit="not assessed",
        of=("not assessed", "assessed"),
        noun="roofs not assessed",
        says=(
            "Of all vacant buildings, the share without a score: no photo, blur, trees, no outline."
        ),
    ),
    Measure(
        key="false_flags",
        use=Use.HOUSING,
        title="False flags: roofs that are not open, but flagged",
        evidence=Evidence.NOT_OPEN,
        hit="flagged",
        of=("flagged", "not flagged"),
        noun="false flags",
        says="Of the roofs that people saw and that are not open, the share that the scores flag.",
    ),
    Measure(
        key="false_flags_on_visits",
        use=Use.HOUSING,
        title="Flagged roofs that visits find not open",
        evidence=Evidence.LISTED,
        hit="not open",
        of=("open", "not open"),
        noun="flagged roofs found not open",
        says="Of the flagged roofs that were visited and judged, the share that is not open.",
        depends=True,
    ),
    Measure(
        key="visits_per_defect",
        use=Use.HOUSING,
        title="Visits per confirmed defect",
        evidence=Evidence.LISTED,
        hit="open",
        of=("open", "not open", "not judged"),
        noun="visits that confirm a defect",
        says=(
            "Visits to flagged roofs for each open roof that they confirm; those "
            "that could not judge the roof count too."
        ),
        depends=True,
        is_inverse=True,
    ),
)
"""All figures, in the order of the page."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What is known of the roofs of one flyover."""

    year: int
    """Year of the flyover."""
    roofs: dict[Evidence, pd.DataFrame]
    """Columns `PARCEL` and `OUTCOME`, each parcel at most once."""


def see_roofs(ledger: Ledger, looks: pd.DataFrame, held_out: pd.DataFrame) -> Seen:
    """Gather what is known of the roofs of one flyover.

    Args:
        ledger: The flyover's ledger.
        looks: What people found, columns `gis_export.table.inputs.LOOK_COLUMNS` at least.
        held_out: Columns parcel_id, year, is_open and is_flagged of roofs that people looked at, by
            models that had not learned from their block; no rows where there was no training.
    """
    latest = held_out.sort_values([PARCEL, "year"]).drop_duplicates(PARCEL, keep="last")
    is_open = latest["is_open"].astype(bool)
    is_flagged = latest["is_flagged"].astype(bool)
    answers = roof_answers(looks, year=ledger.year)
    words = ledger.table.set_index(PARCEL)["hazard"].reindex(answers[PARCEL]).to_numpy()
    is_random = answers["chosen"].str.startswith(_AUDIT_START)
    is_listed = answers["chosen"].isin([LISTED, ""]) & pd.Series(words).isin(_FLAGGED).to_numpy()

    return Seen(
        year=ledger.year,
        roofs={
            Evidence.VACANTS: _vacants(ledger),
            Evidence.OPEN: _named(latest[is_open], is_flagged[is_open], "flagged", "missed"),
            Evidence.NOT_OPEN: _named(
                latest[~is_open], is_flagged[~is_open], "flagged", "not flagged"
            ),
            Evidence.RANDOM: _visited(answers[is_random & (answers["answer"] != "")]),
            Evidence.LISTED: _visited(answers[is_listed]),
        },
    )


def _vacants(ledger: Ledger) -> pd.DataFrame:
    """Return the vacants, without those that a person excluded."""
    table = ledger.table[ledger.table["status"] != "excluded"]
    return _named(table, table["status"] == "scored", "assessed", "not assessed")


def _named(table: pd.DataFrame, is_so: pd.Series, name: str, other: str) -> pd.DataFrame:
    outcome = is_so.map({True: name, False: other}).astype("str")
    return pd.DataFrame({PARCEL: table[PARCEL].astype("str"), OUTCOME: outcome})


def _visited(answers: pd.DataFrame) -> pd.DataFrame:
    outcome = answers["answer"].map({"Y": "open", "N": "not open", "": "not judged"}).astype("str")
    return pd.DataFrame({PARCEL: answers[PARCEL].astype("str"), OUTCOME: outcome})
