"""Read the numbers of the papers from the files of the run."""

from collections.abc import Iterator

from gis_export.report.equity.compared import Verdict
from gis_export.report.papers.facts import (
    Areas,
    Imagery,
    LookCount,
    Measured,
    PaperFacts,
    Quote,
)
from gis_export.report.papers.looks import ALL, ROW
from gis_export.report.papers.reach import read_reach
from gis_export.report.papers.tested import read_measured, read_tested
from gis_export.report.year.count import (
    CHANGE,
    LEVEL,
    SCORES,
    WORK_LIST,
    count_reasons,
    read_missed,
    read_promises,
    read_recall,
)
from gis_export.report.year.figures import (
    Condition,
    Figure,
    Form,
    Source,
    Tables,
    is_none_of,
    is_one_of,
)
from gis_export.table.symbols import SYMBOLS
from gis_export.table.visits import AUDIT, CHOSEN

MODEL = "report/model.json"
DRIFT = "report/drift.json"
CHECK = "check.json"
EQUITY = "report/equity.csv"
LOOKS = "report/look_counts.csv"
_GO = "GO"


def read_paper_facts(tables: Tables, *, trained: str, since: str, year: int) -> PaperFacts:
    """Read everything.

    Args:
        tables: The files of the year, all other products and reports written.
        trained: Path of the evaluation.json of the model that scored, from the year's folder; ""
            where it was not trained here.
        since: Day of the flight; later visits count.
        year: Year of the flyover.
    """
    return PaperFacts(
        vacants=tables.count(SCORES),
        assessed=tables.count(SCORES, is_one_of("scored", "Y")),
        words={
            symbol.word.value: tables.count(SCORES, is_one_of(LEVEL, symbol.code))
            for symbol in SYMBOLS
        },
        reasons=count_reasons(tables),
        visited=tables.count(SCORES, Condition(column="last_visit", since=since)),
        likely_from=_model_fact(tables, "likely", Form.SCORE),
        possible_from=_model_fact(tables, "possible", Form.SCORE),
        gsd_m=_model_fact(tables, "gsd_m", Form.SCORE),
        margin_m=_model_fact(tables, "margin_m", Form.TENTHS),
        tried=_model_fact(tables, "tried", Form.COUNT),
        share=_read_share(tables),
        tested=read_tested(tables, trained) if trained else None,
        missed=read_missed(tables),
        random=tables.count(WORK_LIST, is_one_of(CHOSEN, AUDIT)),
        recall=read_recall(tables),
        promises=read_promises(tables, before=year),
        looks=tuple(_read_looks(tables)),
        all_looks=tables.cell(LOOKS, "looks", is_one_of("flyover", ALL)),
        imagery=_read_imagery(tables),
        areas=_read_areas(tables),
        expected=_quote(tables, MODEL, "expected"),
        grade=_quote(tables, DRIFT, "grade"),
        flagged=tuple(_read_flagged(tables)),
        changed=tables.count(CHANGE),
        reach=read_reach(tables),
    )


def _model_fact(tables: Tables, key: str, form: Form) -> Figure | None:
    return tables.fact(MODEL, key, form=form) if tables.has(MODEL) else None


def _quote(tables: Tables, file: str, key: str) -> Quote | None:
    text = tables.text(file, key) if tables.has(file) else ""
    return Quote(text=text, source=Source(file=file, key=key)) if text else None


def _read_share(tables: Tables) -> Measured | None:
    if not tables.has(MODEL):
        return None
    share, low, high = (f"share_failing.{name}" for name in ("share", "low", "high"))
    return read_measured(tables, MODEL, (share, low, high), Form.PERCENT)


def _read_flagged(tables: Tables) -> Iterator[Quote]:
    """Yield what drift says of each sign that is not GO."""
    place = 0
    while (grade := _quote(tables, DRIFT, f"signs.{place}.grade")) is not None:
        said = _quote(tables, DRIFT, f"signs.{place}.text")
        if grade.text != _GO and said is not None:
            yield said
        place += 1


def _read_looks(tables: Tables) -> Iterator[LookCount]:
    """Yield the looks of each source at each flyover."""
    for row in tables.rows(LOOKS, is_none_of("flyover", ALL)).to_dict("records"):
        mine = is_one_of(ROW, str(row[ROW]))
        first = str(row["first_day"])
        last = str(row["last_day"])
        counts = {
            name: tables.cell(LOOKS, name, mine)
            for name in ("looks", "roofs", "failing", "not_failing", "cannot_tell", "by_chance")
        }
        yield LookCount(
            flyover=str(row["flyover"]),
            source=str(row["source"]),
            how=str(row["how"]),
            days=first if first == last else f"{first} to {last}",
            **counts,
        )


def _read_imagery(tables: Tables) -> Imagery | None:
    """Return what `check` found; None where it was not run."""
    if not tables.has(CHECK):
        return None
    keys = {
        "tiles": "tiles",
        "covered": "vacants_covered",
        "partly": "vacants_partly_covered",
        "uncovered": "vacants_uncovered",
        "without_outline": "vacants_without_geometry",
    }
    finest, coarsest = (tables.fact(CHECK, f"gsd_m.{end}", form=Form.SCORE) for end in (0, 1))
    ground = tables.fact(CHECK, "ground_km2", form=Form.TENTHS)
    counts = {name: tables.fact(CHECK, key) for name, key in keys.items()}
    known = {name: figure for name, figure in counts.items() if figure is not None}
    if finest is None or coarsest is None or ground is None or len(known) < len(keys):
        return None
    return Imagery(
        finest_m=finest,
        coarsest_m=coarsest,
        ground_km2=ground,
        verdict=tables.text(CHECK, "verdict"),
        **known,
    )


def _read_areas(tables: Tables) -> Areas:
    return Areas(
        compared=tables.count(EQUITY, is_none_of("verdict", Verdict.NONE)),
        differ=tables.count(EQUITY, is_one_of("verdict", Verdict.MORE, Verdict.LESS)),
        few=tables.count(EQUITY, is_one_of("verdict", Verdict.FEW)),
    )
