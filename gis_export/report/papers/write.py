"""Write the papers of a year: model card, datasheet, risk table and the fact sheet of a council."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from gis_export.report.papers.cite import (
    cite,
    cite_counted,
    cite_measured,
    plain,
    with_references,
)
from gis_export.report.papers.facts import PaperFacts
from gis_export.report.papers.looks import write_look_counts
from gis_export.report.papers.read import MODEL, read_paper_facts
from gis_export.report.year.count import SCORES
from gis_export.report.year.figures import Tables
from gis_export.report.year.page import Verdict, not_this
from gis_export.table.inputs import ExportInputs
from imagery.files import atomic_path
from imagery.report_files import ReportFiles
from imagery.workspace import YearFiles
from inference.hazard import USE_LIMIT

_NOT_CHECKED = "We have not checked if these photos are like those of the years before."
_USES = {
    "GO": "Yes. They look like those of the years before.",
    "CAUTION": "With care. They do not look quite like those of the years before. Use the "
    "list, but do not quote how good it was.",
    "STOP": "No. They look too unlike those of the years before. Use the list only to find "
    "out more.",
}
"""What each verdict means for a council."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The training of the model that scored a year."""

    year: str
    """Year up to which it learned; "" where its report is no longer in the workspace."""
    file: str
    """Its figures, as evaluation.json has them: a path from the year's folder."""


@dataclass(frozen=True, kw_only=True)
class PaperText:
    """What the papers say beside the numbers."""

    city: str
    """Name of the city."""
    year: int
    """Year of the flyover."""
    flown: str
    """Day of the flight; "" when not known."""
    made: str
    """Day of the export."""
    run_id: str
    """Run that made the ledger."""
    label: str
    """Model and version."""
    sha256: str
    """Of the model's files; "" when not known."""
    model_run: str
    """MLflow run that made the model."""
    kind: str
    """What sort of model it is; "" where an earlier version scored."""
    origin: str
    """Where a borrowed model comes from; "" for the city's own."""
    borne_out: str
    """What looks here say for a borrowed model."""
    held_back: str
    """Why no roof may be called LIKELY; "" where they may."""
    trained: str
    """Year of its training; "" where that is not known."""
    verdict: Verdict
    """Whether the photos are like those that the model learned from."""
    despite: str
    """Why somebody went on although drift says STOP; "" where nobody did."""
    foot: str
    """Day and run."""


def write_papers(
    year: YearFiles,
    inputs: ExportInputs,
    *,
    trained: Trained | None,
    verdict: Verdict,
    despite: str = "",
) -> None:
    """Write report/model_card.md, datasheet.md, nist_ai_rmf.md, fact_sheet.html, look_counts.csv.

    Args:
        year: The year, with all its other products and reports written.
        inputs: What they were made from.
        trained: The training of the model that scored; None where it was not trained here.
        verdict: Whether the photos are like those that the model learned from.
        despite: Why somebody went on although drift says STOP.
    """
    report = year.report
    write_look_counts(report.look_counts, inputs.looks)
    tables = Tables(folder=year.folder)
    text = _text(tables, inputs, trained=trained, verdict=verdict, despite=despite)
    facts = read_paper_facts(
        tables,
        trained=trained.file if trained else "",
        since=text.flown or f"{inputs.year}-01-01",
        year=inputs.year,
    )
    for path in _markdown_papers(report):
        _write(path, with_references(_draw(path.name, facts, text)))
    _write(report.fact_sheet, _draw_fact_sheet(facts, text))


def _markdown_papers(report: ReportFiles) -> tuple[Path, ...]:
    return report.model_card, report.datasheet, report.risk_table


def _text(
    tables: Tables,
    inputs: ExportInputs,
    *,
    trained: Trained | None,
    verdict: Verdict,
    despite: str,
) -> PaperText:
    """Gather what is said beside the numbers."""
    days = sorted(set(tables.table(SCORES)["image_date"]) - {""})
    known = {
        key: tables.text(MODEL, key) if tables.has(MODEL) else ""
        for key in ("label", "sha256", "run_id", "kind", "origin", "borne_out", "held_back")
    }
    return PaperText(
        city=inputs.city,
        year=inputs.year,
        flown=days[0] if days else "",
        made=inputs.today.isoformat(),
        run_id=inputs.run_id,
        label=known["label"] or "a model that left no name",
        sha256=known["sha256"],
        model_run=known["run_id"],
        kind=known["kind"],
        origin=known["origin"],
        borne_out=known["borne_out"],
        held_back=known["held_back"],
        trained=trained.year if trained else "",
        verdict=verdict,
        despite=despite,
        foot=inputs.foot,
    )


def _draw(name: str, facts: PaperFacts, text: PaperText) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gis_export.report.papers", "page"),
        # Markdown: `plain` escapes what comes from outside.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "cite": cite,
        "measured": cite_measured,
        "counted": cite_counted,
        "plain": plain,
    }
    return environment.get_template(name).render(
        facts=facts,
        text=text,
        not_this=not_this(reach=facts.reach is not None),
        use_limit=USE_LIMIT,
    )


def _draw_fact_sheet(facts: PaperFacts, text: PaperText) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gis_export.report.papers", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    style = files("gis_export.report.year").joinpath("page/style.css").read_text(encoding="utf-8")
    return environment.get_template("fact_sheet.html").render(
        facts=facts,
        text=text,
        style=Markup(style),
        use=_USES.get(text.verdict.grade, _NOT_CHECKED),
        use_limit=USE_LIMIT,
    )


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
