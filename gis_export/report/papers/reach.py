"""Read what is known of the parcels without a notice: report/reach.json of the export."""

from gis_export.report.papers.facts import Reach
from gis_export.report.papers.tested import read_measured
from gis_export.report.year.figures import Form, Tables

FILE = "report/reach.json"
_COUNTS = {
    "parcels": "parcels",
    "scored": "scored",
    "suggests": "suggests",
    "suggested": "list.suggested",
    "marked": "list.marked",
    "drawn": "list.drawn",
    "found": "list.found_failing",
    "judged": "visited.judged",
    "failing": "visited.failing",
    "false_alarms": "visited.false_alarms",
    "unjudged": "visited.not_judged",
    "off_judged": "off_list.judged",
    "off_failing": "off_list.failing",
}


def read_reach(tables: Tables) -> Reach | None:
    """Return the figures; None where [reach] is off or the year was not scored with it."""
    if not tables.has(FILE):
        return None
    counts = {name: tables.fact(FILE, key) for name, key in _COUNTS.items()}
    known = {name: figure for name, figure in counts.items() if figure is not None}
    if len(known) < len(_COUNTS):
        return None
    ends = ("visited.share", "visited.least", "visited.most")
    return Reach(
        share=read_measured(tables, FILE, ends, Form.PERCENT),
        missed=tables.fact(FILE, "off_list.most", form=Form.PERCENT_UP),
        **known,
    )
