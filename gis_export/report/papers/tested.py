"""Read how the model that scored a year did in its test: evaluation.json of its training."""

from collections.abc import Iterator

from gis_export.report.papers.facts import (
    Counted,
    Measured,
    Quote,
    Split,
    Tested,
    TestedPart,
)
from gis_export.report.year.figures import Form, Source, Tables

_ALL = "all"
_PROMISES = ("precision.sentence", "recall.sentence", "sentence")


def read_tested(tables: Tables, file: str) -> Tested | None:
    """Return the figures of the rung that ships; None where the file names none.

    Args:
        tables: The files of the year.
        file: Path of evaluation.json from the year's folder.
    """
    ships = tables.text(file, "ships.name")
    place = _place_of(tables, file, "rungs", ships)
    if place is None:
        return None
    key = f"rungs.{place}"
    labels, failing, blocks = (
        tables.fact(file, f"{key}.{name}") for name in ("labels", "failing", "blocks")
    )
    if labels is None or failing is None or blocks is None:
        return None

    parts = list(_read_parts(tables, file))
    return Tested(
        labels=labels,
        failing=failing,
        blocks=blocks,
        average_precision=_read_figure(tables, file, key, "average_precision", Form.SCORE),
        auroc=_read_figure(tables, file, key, "auroc", Form.SCORE),
        calibration_error=_read_figure(tables, file, key, "calibration_error", Form.SCORE),
        likely_labels=tables.fact(file, f"chosen.{ships}.precision.labels"),
        likely=_read_figure(tables, file, key, "precision_likely", Form.PERCENT),
        listed=_read_figure(tables, file, key, "precision_possible", Form.PERCENT),
        found_likely=_read_figure(tables, file, key, "recall_likely", Form.PERCENT),
        found=_read_figure(tables, file, key, "recall_possible", Form.PERCENT),
        splits=tuple(_read_splits(tables, file, ships)),
        flyovers=tuple(part for kind, part in parts if kind == "flyover"),
        sources=tuple(part for kind, part in parts if kind == "source"),
        districts=tuple(part for kind, part in parts if kind == "district"),
        promises=tuple(_read_promises(tables, file, ships)),
    )


def read_measured(
    tables: Tables, file: str, keys: tuple[str, str, str], form: Form
) -> Measured | None:
    """Return a figure with its interval; None where a part of it is not known.

    Args:
        tables: The files of the year.
        file: A JSON file.
        keys: Where figure, lower and upper end are in it.
        form: How they are written.
    """
    value, low, high = (tables.fact(file, key, form=form) for key in keys)
    if value is None or low is None or high is None:
        return None
    return Measured(value=value, low=low, high=high)


def _place_of(tables: Tables, file: str, key: str, name: str) -> int | None:
    """Return where a ranking is in a list of them."""
    place = 0
    while found := tables.text(file, f"{key}.{place}.name"):
        if found == name:
            return place
        place += 1
    return None


def _read_figure(tables: Tables, file: str, key: str, name: str, form: Form) -> Measured | None:
    ends = f"{key}.intervals.{name}"
    return read_measured(tables, file, (f"{key}.{name}", f"{ends}.0", f"{ends}.1"), form)


def _read_splits(tables: Tables, file: str, ships: str) -> Iterator[Split]:
    """Yield the figures with more left out; none where the labels did not allow it."""
    for name in ("block", "neighborhood", "another flyover", "next year"):
        place = _place_of(tables, file, f"splits.{name}", ships)
        key = f"splits.{name}.{place}"
        yield Split(
            name=name,
            average_precision=_read_figure(tables, file, key, "average_precision", Form.SCORE),
            auroc=_read_figure(tables, file, key, "auroc", Form.SCORE),
        )


def _read_parts(tables: Tables, file: str) -> Iterator[tuple[str, TestedPart]]:
    """Yield the labels of each flyover, source and district, with what they are."""
    place = 0
    while flyover := tables.text(file, f"parts.{place}.flyover"):
        key = f"parts.{place}"
        place += 1
        source = tables.text(file, f"{key}.source")
        kind = tables.text(file, f"{key}.kind")
        labels = tables.fact(file, f"{key}.labels")
        failing = tables.fact(file, f"{key}.failing")
        if labels is None or failing is None or (flyover != _ALL and source != _ALL):
            continue

        is_flyover = flyover != _ALL
        name = tables.text(file, f"{key}.place") or (flyover if is_flyover else source)
        part = TestedPart(
            name=name,
            labels=labels,
            failing=failing,
            found=_read_counted(tables, file, f"{key}.found"),
            likely=_read_counted(tables, file, f"{key}.likely"),
        )
        yield kind or ("flyover" if is_flyover else "source"), part


def _read_counted(tables: Tables, file: str, key: str) -> Counted | None:
    hits = tables.fact(file, f"{key}.hits")
    of = tables.fact(file, f"{key}.of")
    keys = (f"{key}.share", f"{key}.low", f"{key}.high")
    share = read_measured(tables, file, keys, Form.PERCENT)
    if hits is None or of is None or share is None:
        return None
    return Counted(hits=hits, of=of, share=share)


def _read_promises(tables: Tables, file: str, ships: str) -> Iterator[Quote]:
    for name in _PROMISES:
        key = f"chosen.{ships}.{name}"
        text = tables.text(file, key)
        if text:
            yield Quote(text=text, source=Source(file=file, key=key))
