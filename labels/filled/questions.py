"""The questions of a visit: what their columns are called on the work list and in form exports."""

from dataclasses import dataclass

from labels.choices import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question, or what else a row says of a visit."""

    key: str
    """Name in `[looks] columns`."""
    names: tuple[str, ...]
    """What its column may be called: names of the form, titles of the work list, and the labels
    of the form in English and Spanish."""
    choices: tuple[Choice, ...] = ()
    """What can be answered; () for anything else."""
    has_many: bool = False
    """Whether several answers may be given, or several columns hold it."""
    is_answer: bool = True
    """Whether it is something that a person says of the building."""

    @property
    def title(self) -> str:
        """Return what messages call it, such as "roof open"."""
        return self.names[0].replace("_", " ")


PARCEL = Question(key="parcel", names=("parcel_id", "Parcel"), is_answer=False)
SCAN = Question(
    key="scan",
    names=("scan", "Scan the code on the route sheet", "Escanee el código de la hoja de ruta"),
    is_answer=False,
)
TYPED = Question(
    key="typed",
    names=("typed", "Or write the parcel number", "O escriba el número de parcela"),
    is_answer=False,
)
DAY = Question(
    key="day",
    names=("visited_on", "Visited on", "Day of the visit", "Día de la visita"),
    is_answer=False,
)
REACHED = Question(
    key="reached",
    names=("reached", "Could you see the building?", "¿Pudo ver el edificio?"),
    choices=YES_NO[:2],
)
ROOF = Question(
    key="roof",
    names=(
        "roof_open",
        "roof",
        "Roof open",
        "How much of the roof is open?",
        "¿Qué parte del techo está abierta?",
    ),
    choices=ROOF_OPEN,
)
ROOF_PCT = Question(key="roof_pct", names=("roof_pct",))
SIGNS_SEEN = Question(
    key="signs",
    names=(
        "wall_floor_signs",
        "Walls or floors",
        "Signs on walls or floors",
        "Señales en paredes o pisos",
    ),
    choices=SIGNS,
    has_many=True,
)
SECURED = Question(
    key="secured", names=("secured", "Is it secured?", "¿Está asegurado?"), choices=YES_NO
)
SIDES_OCCUPIED = Question(
    key="sides",
    names=(
        "sides_occupied",
        "Sides occupied",
        "On which sides is the attached neighbor occupied?",
        "¿De qué lados está habitado el vecino contiguo?",
    ),
    choices=SIDES,
    has_many=True,
)
SIGN_POSTED = Question(
    key="sign_posted",
    names=(
        "sign_posted",
        "Is a warning sign posted on the building?",
        "¿Hay un letrero de advertencia en el edificio?",
    ),
    choices=YES_NO,
)
OCCUPIED = Question(
    key="occupied",
    names=("occupied", "Does somebody live in it?", "¿Vive alguien allí?"),
    choices=YES_NO,
)
DISPOSITION = Question(
    key="disposition",
    names=("disposition", "What happens next?", "¿Qué sigue?"),
    choices=DISPOSITIONS,
)
NOTE = Question(key="note", names=("notes", "note", "Notas"))
PHOTOS = Question(
    key="photos",
    names=(
        "photo_front",
        "photo_roof",
        "Photo from the street",
        "Foto desde la calle",
        "Photo of the roof, where it can be seen",
        "Foto del techo, si se ve",
    ),
    has_many=True,
    is_answer=False,
)
WHO = Question(
    key="who", names=("SubmitterName", "_submitted_by", "Creator", "who"), is_answer=False
)
CHOSEN = Question(key="chosen", names=("CHOSEN",), is_answer=False)
CHANCE = Question(key="chance", names=("CHANCE",), is_answer=False)
STATE = Question(
    key="state", names=("ReviewState", "_validation_status", "validation_status"), is_answer=False
)
RECORD = Question(key="record", names=("globalid",), is_answer=False)

MEANS = Question(key="means", names=("means",), is_answer=False)
YEAR = Question(key="year", names=("year",), is_answer=False)
SOURCE = Question(key="source", names=("source",), is_answer=False)
PHOTO = Question(key="photo", names=("photo",), is_answer=False)
CONFUSER = Question(key="confuser", names=("confuser",), is_answer=False)
READER = Question(key="reader", names=("reader",), is_answer=False)
SECONDS = Question(key="seconds", names=("seconds",), is_answer=False)
SAID_AT = Question(key="said_at", names=("said_at",), is_answer=False)
OF_DESK = (MEANS, YEAR, SOURCE, PHOTO, CONFUSER, READER, SECONDS, SAID_AT)
"""What only answers of the desk have."""

QUESTIONS = (
    *(PARCEL, SCAN, TYPED, DAY, REACHED, ROOF, ROOF_PCT, SIGNS_SEEN, SECURED, SIDES_OCCUPIED),
    *(SIGN_POSTED, OCCUPIED, DISPOSITION, NOTE, PHOTOS, WHO, CHOSEN, CHANCE, STATE, RECORD),
    *OF_DESK,
)
"""All of them."""
_NOT_OF_CITIES = (SCAN, TYPED, RECORD, *OF_DESK)
ANSWERS = tuple(question.key for question in QUESTIONS if question not in _NOT_OF_CITIES)
"""What `[looks] columns` may name."""
