"""Write what drift found: drift.json, and drift.html, which makes no network requests."""

import base64
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files

import cv2
import jinja2
import numpy as np
from markupsafe import Markup
from PIL import Image

from imagery.chips.picture import outlined
from imagery.chips.store import StoredChip
from imagery.files import atomic_path
from imagery.report_files import ReportFiles
from inference.drift import MEANING, Drift, Sign
from inference.estimated import EstimatedFigures

CHART_PX = (260, 44)
"""Width and height of the chart of a sign."""
MARGIN_PX = 18
"""On the left and the right of its axis."""
AXIS_PX = 18
"""How far its axis lies below the top."""
LEAST_SIDE_PX = 320
"""Chips are enlarged to about this many pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A chip that stands for its flyover."""

    chip: StoredChip
    """Pixels and outline."""
    caption: str
    """What it is."""

    @property
    def url(self) -> str:
        """Return the picture as it lies inside the page."""
        pixels = np.ascontiguousarray(self.chip.pixels.transpose(1, 2, 0))
        picture = outlined(pixels, self.chip.mask)
        times = max(1, math.ceil(LEAST_SIDE_PX / max(picture.shape[:2])))
        large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)

        stream = io.BytesIO()
        Image.fromarray(np.asarray(large, np.uint8)).save(stream, "PNG")
        return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


@dataclass(frozen=True, kw_only=True, eq=False)
class Beside:
    """What stands on the page beside what was found."""

    city: str
    """Name of the city."""
    pictures: Sequence[Shown] = ()
    """Chips that show how the flyovers look."""
    checked: Sequence[str] = ()
    """What looks at the flyover say, a sentence each."""
    why: str = ""
    """Why somebody went on despite STOP; "" where nobody did."""


def write_drift(report: ReportFiles, drift: Drift, beside: Beside) -> None:
    """Write drift.json and drift.html into the year's reports."""
    report.folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(report.drift) as temporary:
        temporary.write_text(json.dumps(drift_facts(drift, beside.why), indent=2), encoding="utf-8")
    with atomic_path(report.drift_page) as temporary:
        temporary.write_text(draw_page(drift, beside), encoding="utf-8")


def drift_facts(drift: Drift, why: str = "") -> dict[str, object]:
    """Return what drift.json holds."""
    share = {name: _number(value) for name, value in asdict(drift.share).items()}
    signs = []
    for sign in drift.signs:
        facts = asdict(sign)
        signs.append({**facts, "value": _number(sign.value), "seen": list(sign.seen)})

    return {
        "year": drift.year,
        "grade": drift.grade.value,
        "model": drift.model,
        "trained_on": list(drift.trained_on),
        "chips": drift.chips,
        "share_failing": {**share, "doubt": drift.share.doubt},
        "expected": {**asdict(drift.expected), "sentence": drift.expected.sentence},
        "figures": _figures(drift.figures),
        "held_back": drift.held_back,
        "note": drift.note,
        "despite": why,
        "signs": signs,
    }


def _figures(figures: EstimatedFigures | None) -> dict[str, object] | None:
    """Return the figures for JSON; None where they are not known."""
    if figures is None or not figures.sentence:
        return None
    return {**asdict(figures), "sentence": figures.sentence}


def draw_page(drift: Drift, beside: Beside) -> str:
    """Return the page as HTML."""
    text = files("inference").joinpath("drift_page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

    return environment.from_string(text).render(
        city=beside.city,
        drift=drift,
        meaning=MEANING[drift.grade],
        flagged=drift.flagged,
        signs=[(sign, draw_sign(sign)) for sign in drift.signs],
        pictures=beside.pictures,
        checked=beside.checked,
        trained=", ".join(map(str, drift.trained_on)) or "flyovers that it does not name",
        looked=drift.expected.looked,
        why=f"Exported despite STOP: {beside.why}" if beside.why else "",
    )


def draw_sign(sign: Sign) -> Markup:
    """Return the chart of a sign as SVG: training flyovers as dots, this one marked.

    Nothing is drawn where there is nothing to compare with.
    """
    if not sign.seen:
        return Markup("")

    width, height = CHART_PX
    values = (*sign.seen, sign.value)
    low = min(values)
    span = max(max(values) - low, abs(low) / 10, 1e-9)
    places = [_place((value - low) / span) for value in values]
    dots = "".join(
        f'<circle class="seen" cx="{place:.1f}" cy="{AXIS_PX}" r="5"/>' for place in places[:-1]
    )

    right = width - MARGIN_PX
    ends = (
        f'<text class="ink" x="{MARGIN_PX}" y="{height - 6}">{low:.3g}</text>'
        f'<text class="ink" x="{right}" y="{height - 6}" text-anchor="end">{low + span:.3g}</text>'
    )
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{sign.name}: '
        f'{sign.value:.3g} now, {min(sign.seen):.3g} to {max(sign.seen):.3g} in training">'
        f'<path class="axis" d="M{MARGIN_PX} {AXIS_PX}H{right}"/>{dots}'
        f'<path class="ours" d="M{places[-1]:.1f} {AXIS_PX - 7}l7 7l-7 7l-7 -7z"/>{ends}</svg>'
    )


def _place(part: float) -> float:
    """Return where a part of the axis lies, pixels."""
    return MARGIN_PX + part * (CHART_PX[0] - 2 * MARGIN_PX)


def _number(value: float) -> float | None:
    """Return a number as JSON can hold it."""
    return value if math.isfinite(value) else None
