"""The questions of the field form and the lists of their answers; see https://xlsform.org."""

from dataclasses import replace

from gis_export.housing.question import Question, Text
from inference.hazard import USE_LIMIT
from labels.choices import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice

_REACHED = "${reached} = 'yes'"
_UNREACHED = ("no_access", "razed", "duplicate")
"""Dispositions of a building that nobody could see."""
_PIXELS = "max-pixels=2048"


def _calculate(name: str, calculation: str) -> Question:
    return Question(kind="calculate", name=name, calculation=calculation)


def _look_up(column: str) -> Question:
    """Fill in what the form's media file says of the parcel."""
    return _calculate(column, f"pulldata('worklist', '{column}', 'parcel_id', ${{parcel_id}})")


def _if_reached(question: Question) -> Question:
    """Ask a question, and want an answer, only when the building could be seen."""
    return replace(question, required="yes", relevant=_REACHED)


def _alone(question: Question, *names: str) -> Question:
    """Let each of these answers exclude all others."""
    rules = [f"not(selected(., '{name}') and count-selected(.) > 1)" for name in names]
    message = Text(
        english="Take either this answer or others, not both.",
        spanish="Marque esta respuesta u otras, no ambas.",
    )
    return replace(question, constraint=" and ".join(rules), message=message)


def _roof_pct() -> str:
    """Turn the answer into the number of a label file, or into "cannot tell"."""
    text = "'cannot tell'"
    for choice in reversed(ROOF_OPEN):
        if choice.roof_pct.isdigit():
            text = f"if(${{roof_open}} = '{choice.name}', '{choice.roof_pct}', {text})"
    return text


def _reached_or_unreached() -> str:
    """Allow only some dispositions for a building that nobody could see."""
    return " or ".join([_REACHED, *(f". = '{name}'" for name in _UNREACHED)])


_BUILDING: tuple[Question, ...] = (
    Question(
        kind="note",
        name="use_limit",
        label=Text(
            english=USE_LIMIT,
            spanish=(
                "La falta de símbolo no significa que sea seguro. Solo foto del techo; no dice "
                "nada de pisos, paredes ni escaleras. Manda la evaluación en el lugar."
            ),
        ),
    ),
    Question(
        kind="barcode",
        name="scan",
        label=Text(
            english="Scan the code on the route sheet",
            spanish="Escanee el código de la hoja de ruta",
        ),
    ),
    Question(
        kind="text",
        name="typed",
        label=Text(
            english="Or write the parcel number",
            spanish="O escriba el número de parcela",
        ),
        hint=Text(
            english="As the list writes it, with its blanks, such as 0216 001.",
            spanish="Como está en la lista, con sus espacios, p. ej. 0216 001.",
        ),
        required="yes",
        relevant="${scan} = ''",
    ),
    _calculate("parcel_id", "if(${scan} != '', ${scan}, ${typed})"),
    _look_up("address"),
    _look_up("hazard"),
    _look_up("district"),
    Question(
        kind="note",
        name="known",
        label=Text(english="${address}: ${hazard}", spanish="${address}: ${hazard}"),
        relevant="${hazard} != ''",
    ),
    Question(
        kind="note",
        name="unknown",
        label=Text(
            english="This parcel is not on the work list. Check the number; you can still go on.",
            spanish="Esta parcela no está en la lista. Revise el número; puede continuar.",
        ),
        relevant="${hazard} = '' and ${parcel_id} != ''",
    ),
)
"""Which building it is."""

_VISIT: tuple[Question, ...] = (
    Question(
        kind="date",
        name="visited_on",
        label=Text(english="Day of the visit", spanish="Día de la visita"),
        required="yes",
        default="today()",
        constraint=". <= today()",
        message=Text(
            english="A visit cannot lie in the future.",
            spanish="Una visita no puede estar en el futuro.",
        ),
    ),
    _calculate("year", "format-date(${visited_on}, '%Y')"),
    Question(
        kind="select_one reached",
        name="reached",
        label=Text(english="Could you see the building?", spanish="¿Pudo ver el edificio?"),
        hint=Text(
            english="Look from the street. Never go in to find out.",
            spanish="Mire desde la calle. No entre para averiguarlo.",
        ),
        required="yes",
    ),
)
"""When somebody was there, and whether the building could be seen."""

_ROOF_OPEN = Question(
    kind="select_one roof_open",
    name="roof_open",
    label=Text(
        english="How much of the roof is open?",
        spanish="¿Qué parte del techo está abierta?",
    ),
)
_SIGNS = Question(
    kind="select_multiple wall_floor_signs",
    name="wall_floor_signs",
    label=Text(english="Signs on walls or floors", spanish="Señales en paredes o pisos"),
)
_SECURED = Question(
    kind="select_one yes_no",
    name="secured",
    label=Text(english="Is it secured?", spanish="¿Está asegurado?"),
    hint=Text(
        english="All openings that can be reached are closed.",
        spanish="Todas las aberturas accesibles están cerradas.",
    ),
)
_SIDES_OCCUPIED = Question(
    kind="select_multiple sides",
    name="sides_occupied",
    label=Text(
        english="On which sides is the attached neighbor occupied?",
        spanish="¿De qué lados está habitado el vecino contiguo?",
    ),
)
_SIGN_POSTED = Question(
    kind="select_one yes_no",
    name="sign_posted",
    label=Text(
        english="Is a warning sign posted on the building?",
        spanish="¿Hay un letrero de advertencia en el edificio?",
    ),
)
_OCCUPIED = Question(
    kind="select_one yes_no",
    name="occupied",
    label=Text(english="Does somebody live in it?", spanish="¿Vive alguien allí?"),
)
_SEEN: tuple[Question, ...] = (
    _if_reached(_ROOF_OPEN),
    _calculate("roof_pct", _roof_pct()),
    _if_reached(_alone(_SIGNS, "none_seen", "cannot_tell")),
    _if_reached(_SECURED),
    _if_reached(_alone(_SIDES_OCCUPIED, "none", "cannot_tell")),
    _if_reached(_SIGN_POSTED),
    _if_reached(_OCCUPIED),
)
"""What was seen."""

_OUTCOME: tuple[Question, ...] = (
    Question(
        kind="select_one disposition",
        name="disposition",
        label=Text(english="What happens next?", spanish="¿Qué sigue?"),
        required="yes",
        constraint=_reached_or_unreached(),
        message=Text(
            english="Of a building you could not see: no access, razed or duplicate.",
            spanish="Si no pudo ver el edificio: sin acceso, demolida o duplicada.",
        ),
    ),
    Question(
        kind="image",
        name="photo_front",
        label=Text(english="Photo from the street", spanish="Foto desde la calle"),
        required="${disposition} = 'emergency_demolition_referred'",
        parameters=_PIXELS,
    ),
    Question(
        kind="image",
        name="photo_roof",
        label=Text(
            english="Photo of the roof, where it can be seen",
            spanish="Foto del techo, si se ve",
        ),
        parameters=_PIXELS,
    ),
    Question(
        kind="text",
        name="notes",
        label=Text(english="Notes", spanish="Notas"),
        appearance="multiline",
    ),
    Question(
        kind="geopoint",
        name="place",
        label=Text(english="Where you stand", spanish="Dónde está usted"),
    ),
)
"""What happens next, and the evidence."""

SURVEY: tuple[Question, ...] = (*_BUILDING, *_VISIT, *_SEEN, *_OUTCOME)
"""All questions, in the order in which they are asked."""
LISTS: dict[str, tuple[Choice, ...]] = {
    "reached": YES_NO[:2],
    "yes_no": YES_NO,
    "roof_open": ROOF_OPEN,
    "wall_floor_signs": SIGNS,
    "sides": SIDES,
    "disposition": DISPOSITIONS,
}
"""The answers of the select questions, by the name of their list."""
