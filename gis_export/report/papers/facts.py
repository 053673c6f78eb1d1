"""Every number of the papers, each with the file and the place that it is from."""

from dataclasses import dataclass

from gis_export.report.year.facts import Missed, Promise, Recall
from gis_export.report.year.figures import Figure, Source


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A text that a file of the run has, word for word."""

    text: str
    """The text."""
    source: Source
    """Where it is from."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure with its interval."""

    value: Figure
    """The figure."""
    low: Figure
    """Lower end."""
    high: Figure
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A share of roofs that were counted."""

    hits: Figure
    """Roofs that have it."""
    of: Figure
    """Roofs that were counted."""
    share: Measured
    """The share with its exact 90% interval."""


@dataclass(frozen=True, kw_only=True)
class TestedPart:
    """The labels of a flyover, a source or a district, as the model did on them out of fold."""

    name: str
    """Such as the year."""
    labels: Figure
    """Labeled roofs."""
    failing: Figure
    """Failing ones among them."""
    found: Counted | None
    """Failing roofs that are LIKELY or POSSIBLE; None where none fails or it was not recorded."""
    likely: Counted | None
    """LIKELY roofs that fail; None where none is LIKELY or it was not recorded."""


@dataclass(frozen=True, kw_only=True)
class Split:
    """What the model reaches when more is left out."""

    name: str
    """What was left out."""
    average_precision: Measured | None
    """None where the labels do not allow it."""
    auroc: Measured | None
    """The same."""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """How the model did on labels that it had not learned from."""

    labels: Figure
    """Labeled roofs."""
    failing: Figure
    """Failing ones among them."""
    blocks: Figure
    """Blocks they lie in."""
    average_precision: Measured | None
    """None where it could not be measured; so for the others."""
    auroc: Measured | None
    """Area under the ROC curve."""
    calibration_error: Measured | None
    """Expected calibration error."""
    likely_labels: Figure | None
    """Labels that are LIKELY."""
    likely: Measured | None
    """Share failing among them."""
    listed: Measured | None
    """Share failing among LIKELY and POSSIBLE."""
    found_likely: Measured | None
    """Share of failing roofs that are LIKELY."""
    found: Measured | None
    """Share of failing roofs that are LIKELY or POSSIBLE."""
    splits: tuple[Split, ...]
    """By what was left out."""
    flyovers: tuple[TestedPart, ...]
    """By flyover."""
    sources: tuple[TestedPart, ...]
    """By source of the labels; none where all are of one."""
    districts: tuple[TestedPart, ...]
    """By inspection district; none where they are not known or not recorded."""
    promises: tuple[Quote, ...]
    """What is promised of the words, in the sentences of the training."""


@dataclass(frozen=True, kw_only=True)
class LookCount:
    """Looks of one source at one flyover."""

    flyover: str
    """Year."""
    source: str
    """Who says so."""
    how: str
    """On site or not."""
    looks: Figure
    """Looks."""
    roofs: Figure
    """Roofs that were looked at."""
    failing: Figure
    """Looks that say failing."""
    not_failing: Figure
    """Looks that say not failing."""
    cannot_tell: Figure
    """Looks that could not tell."""
    by_chance: Figure
    """Looks at roofs that were drawn by chance."""
    days: str
    """First and last day; "" where none is known."""


@dataclass(frozen=True, kw_only=True)
class Imagery:
    """What `check` found of the flyover."""

    tiles: Figure
    """Usable tiles."""
    finest_m: Figure
    """Smallest ground sample distance, meters."""
    coarsest_m: Figure
    """Largest."""
    ground_km2: Figure
    """Ground on tiles, square kilometers."""
    covered: Figure
    """Vacants with the whole outline on tiles."""
    partly: Figure
    """Vacants with a part of it on tiles."""
    uncovered: Figure
    """Vacants with none of it on tiles."""
    without_outline: Figure
    """Vacants without outline."""
    verdict: str
    """GO or FIX FIRST."""


@dataclass(frozen=True, kw_only=True)
class Areas:
    """What the equity page compared."""

    compared: Figure
    """Comparisons of an area with all others."""
    differ: Figure
    """Those in which the area differs from the others by more than chance."""
    few: Figure
    """Those with too few roofs to tell."""


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Parcels without a vacancy notice, which housing alone sees."""

    parcels: Figure
    """Parcels that were looked at."""
    scored: Figure
    """Scored ones."""
    suggests: Figure
    """Those in which the photo suggests a failing roof."""
    suggested: Figure
    """On the list for their photo."""
    marked: Figure
    """On the list for their photo, and marked because something speaks against."""
    drawn: Figure
    """On the list because they were drawn at random."""
    found: Figure
    """On the list because people found the roof failing."""
    judged: Figure
    """Parcels of the list that people judged on site."""
    failing: Figure
    """Failing roofs among them."""
    false_alarms: Figure
    """The others."""
    unjudged: Figure
    """Parcels of the list that people visited and could not judge, such as lived-in ones."""
    share: Measured | None
    """Share failing among the judged ones; None where nobody judged any."""
    off_judged: Figure
    """Parcels drawn at random off the list that people judged on site."""
    off_failing: Figure
    """Failing roofs among them."""
    missed: Figure | None
    """Most of such parcels that may have one; None where nobody judged any."""


@dataclass(frozen=True, kw_only=True)
class PaperFacts:
    """Every number of the papers."""

    vacants: Figure
    """Vacant parcels."""
    assessed: Figure
    """Roofs that are assessed: scored, and the photo is not too old."""
    words: dict[str, Figure]
    """Roofs by hazard word."""
    reasons: dict[str, Figure]
    """Roofs that were not assessed, by reason."""
    visited: Figure
    """Roofs visited since the flight."""
    likely_from: Figure | None
    """Score at which LIKELY begins; None where an earlier version scored."""
    possible_from: Figure | None
    """Score at which POSSIBLE begins."""
    gsd_m: Figure | None
    """Meters per pixel of what the model sees."""
    margin_m: Figure | None
    """Meters around a parcel that it sees."""
    tried: Figure | None
    """Flyovers that were left out whole when the thresholds were chosen."""
    share: Measured | None
    """Estimated share failing of the flyover; None where it is not known."""
    tested: Tested | None
    """None where the model that scored was not trained here."""
    missed: Missed | None
    """What random visits say; None where nobody made any."""
    random: Figure
    """Random roofs on the work list."""
    recall: Recall | None
    """Recall of the list by visits."""
    promises: tuple[Promise, ...]
    """What was promised of the words, and what visits found."""
    looks: tuple[LookCount, ...]
    """Looks by flyover, source and how; none where nobody looked."""
    all_looks: Figure
    """All looks."""
    imagery: Imagery | None
    """None where `check` was not run."""
    areas: Areas
    """What the equity page compared."""
    expected: Quote | None
    """How many failing roofs are expected; None where that is not known."""
    grade: Quote | None
    """What drift says of the flyover, such as GO; None where it was not checked."""
    flagged: tuple[Quote, ...]
    """What is not as in training, a sentence each."""
    changed: Figure
    """Parcels of which something changed."""
    reach: Reach | None
    """Parcels without a notice; None where nobody looks at them."""
