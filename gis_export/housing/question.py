"""One question of the field form, in English and Spanish; see https://xlsform.org."""

from dataclasses import dataclass

ENGLISH = "English (en)"
SPANISH = "Español (es)"


@dataclass(frozen=True, kw_only=True)
class Text:
    """What an inspector reads, in both languages or in none."""

    english: str
    """In English."""
    spanish: str
    """The same in Spanish."""

    def __post_init__(self) -> None:
        """Check that no language is missing."""
        if bool(self.english) != bool(self.spanish):
            raise ValueError(f"text is {self.english!r} and {self.spanish!r}, want both or none")


NO_TEXT = Text(english="", spanish="")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One row of the sheet "survey", in XLSForm's terms."""

    kind: str
    """Type, such as "select_one yes_no"."""
    name: str
    """Name of the column in the data."""
    label: Text = NO_TEXT
    """The question."""
    hint: Text = NO_TEXT
    """Below the question."""
    required: str = ""
    """"yes", or an expression."""
    relevant: str = ""
    """When it is asked."""
    constraint: str = ""
    """What an answer must satisfy."""
    message: Text = NO_TEXT
    """Shown when it does not."""
    calculation: str = ""
    """How it is computed."""
    appearance: str = ""
    """How it is drawn."""
    default: str = ""
    """First answer."""
    parameters: str = ""
    """Further settings of its type."""

    def cells(self) -> dict[str, str]:
        """Return its row by XLSForm's headers."""
        return {
            "type": self.kind,
            "name": self.name,
            f"label::{ENGLISH}": self.label.english,
            f"label::{SPANISH}": self.label.spanish,
            f"hint::{ENGLISH}": self.hint.english,
            f"hint::{SPANISH}": self.hint.spanish,
            "required": self.required,
            "relevant": self.relevant,
            "constraint": self.constraint,
            f"constraint_message::{ENGLISH}": self.message.english,
            f"constraint_message::{SPANISH}": self.message.spanish,
            "calculation": self.calculation,
            "appearance": self.appearance,
            "default": self.default,
            "parameters": self.parameters,
        }
