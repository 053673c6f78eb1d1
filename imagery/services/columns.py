"""Columns of a service as columns of a table. No service is asked."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

DAY_MS = 86_400_000
"""Milliseconds of a day."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_array(values: Sequence[object]) -> pa.Array:
    """Return values as text; null stays null."""
    return pa.array([as_text(value) for value in values], pa.string())


def number_array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    """Return numbers, or all of them as text where one is no such number."""
    convert: Callable[[object], int | float | None]
    convert = _whole if pa.types.is_integer(kind) else _number
    try:
        return pa.array([convert(value) for value in values], kind)
    except (ValueError, OverflowError, pa.ArrowException):
        return text_array(values)


def day_array(values: Sequence[object], zone: ZoneInfo | None) -> tuple[pa.Array, int]:
    """Return the days of epoch milliseconds, and how many values are no day and became null.

    Args:
        values: Milliseconds since 1970-01-01 UTC, ISO texts or None.
        zone: In which the day is wanted; None for UTC.
    """
    days = [day_of(value, zone) for value in values]
    bad = sum(
        day is None and value not in (None, "") for day, value in zip(days, values, strict=True)
    )
    return pa.array(days, pa.date32()), bad


def is_time(value: object) -> bool:
    """Tell whether epoch milliseconds are no midnight of UTC, as which days are entered."""
    return isinstance(value, int) and value % DAY_MS != 0


def day_of(value: object, zone: ZoneInfo | None) -> date | None:
    """Return the day of epoch milliseconds or of an ISO text, None where it is none."""
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).date()
        if isinstance(value, int | float):
            moment = EPOCH + timedelta(milliseconds=value)
            return moment.astimezone(zone or UTC).date()
    except (ValueError, OverflowError):
        return None
    return None


def guessed_array(values: Sequence[object]) -> pa.Array:
    """Return values of JSON as whole numbers, numbers, or text where they are mixed."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int}:
        return number_array(values, pa.int64())
    if kinds and kinds <= {int, float}:
        return number_array(values, pa.float64())
    return text_array(values)


def as_text(value: object) -> str | None:
    """Return a value of JSON as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _whole(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int | float) and value == int(value):
        return int(value)
    raise ValueError(f"{value!r} is no whole number")


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    raise ValueError(f"{value!r} is no number")
