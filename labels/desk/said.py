"""What a page says of a roof: read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from imagery.values.texts import LONGEST_TEXT, is_plain
from labels.choices import ROOF_OPEN
from labels.look import CONFUSERS, Look

GONE = ("razed", "occupied")
"""Dispositions that can be seen on a photo."""
MOST_SECONDS = 3600.0
"""Longer than this nobody looked at one roof."""
LONGEST_NAME = 60
"""Characters of a name."""
Body = Mapping[str, object]
"""A JSON object."""


class BadAnswer(ValueError):
    """A page sent what the desk cannot take."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer."""

    place: int
    """Number of the roof in the batch, from 0."""
    roof: str
    """Name of `ROOF_OPEN`; "" with a disposition."""
    disposition: str
    """Of `GONE`; "" with a roof."""
    confuser: str
    """Of `CONFUSERS`, or ""."""
    note: str
    """In their own words."""
    seconds: float
    """Time it took."""
    corrects: str
    """`look_id` of the answer that it takes the place of, or ""."""
    is_review: bool = False
    """Whether they know what others and the model say."""

    def is_same(self, look: Look) -> bool:
        """Tell whether a look says the same."""
        mine = (self.roof, self.disposition, self.confuser, self.note)
        return mine == (look.roof, look.disposition, look.confuser, look.note)


def read_name(body: Body) -> str:
    """Return who is at the page.

    Raises:
        BadAnswer: no name, or none that can be kept.
    """
    name = " ".join(_text(body, "who").split())
    if not name or len(name) > LONGEST_NAME or not is_plain(name):
        raise BadAnswer(f"who: want a name of 1 to {LONGEST_NAME} characters")
    return name


def read_place(body: Body, count: int) -> int:
    """Return the number of a roof in a batch of some length.

    Raises:
        BadAnswer: there is no such roof.
    """
    place = body.get("place")
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < count:
        raise BadAnswer(f"place: got {place!r}, want 0 to {count - 1}")
    return place


def read_said(body: Body, count: int) -> Said:
    """Return an answer.

    Raises:
        BadAnswer: a value is none of the choices.
    """
    said = Said(
        place=read_place(body, count),
        roof=_one_of(body, "roof", [choice.name for choice in ROOF_OPEN]),
        disposition=_one_of(body, "disposition", GONE),
        confuser=_one_of(body, "confuser", CONFUSERS),
        note=" ".join(_text(body, "note").split()),
        seconds=_seconds(body),
        corrects=_text(body, "corrects"),
        is_review=body.get("again", False) is True,
    )
    if bool(said.roof) == bool(said.disposition):
        raise BadAnswer("want a roof share or one of razed and occupied")
    if len(said.note) > LONGEST_TEXT or not is_plain(said.note):
        raise BadAnswer(f"note: want at most {LONGEST_TEXT} characters and no control character")
    return said


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise BadAnswer(f"{name}: got {value!r}, want text")
    return value


def _one_of(body: Body, name: str, known: "list[str] | tuple[str, ...]") -> str:
    value = _text(body, name)
    if value and value not in known:
        raise BadAnswer(f"{name}: got {value!r}, want one of {', '.join(known)}")
    return value


def _seconds(body: Body) -> float:
    value = body.get("seconds", 0)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
        raise BadAnswer(f"seconds: got {value!r}, want a number from 0")
    return round(min(float(value), MOST_SECONDS), 1)
