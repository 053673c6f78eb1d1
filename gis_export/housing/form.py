"""The field form for findings as an XLSForm: one workbook for Survey123, ODK Collect and KoboToolbox.

See https://xlsform.org. Its answers come back as a label file: columns parcel_id, year, visited_on and roof_pct.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
from xlsxwriter import Workbook

from gis_export.housing.findings import DISPOSITIONS, ROOF_OPEN, SIDES, SIGNS, YES_NO, Choice
from gis_export.table.tables import csv_texts, harmless
from gis_export.table.visits import by_priority
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

MEDIA_FOLDER, MEDIA_FILE = "findings_form_media", "worklist.csv"
"""Upload this file beside the form: it fills in address and hazard."""
ENGLISH, SPANISH = "English (en)", "Español (es)"
_MEDIA_COLUMNS = {
    "PARCEL_ID": "parcel_id",
    "ADDRESS": "address",
    "RISK_TXT": "hazard",
    "INSP_DIST": "district",
    "PRIORITY": "priority",
    "WHY": "why",
}
_REACHED = "${reached} = 'yes'"
_PIXELS = "max-pixels=2048"
_UNREACHED = ("no_access", "razed", "duplicate")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One row of the sheet "survey"; the texts are XLSForm's."""

    kind: str
    """Type, such as "select_one yes_no"."""
    name: str = ""
    """Name of the column in the data."""
    english: str = ""
    """Label."""
    spanish: str = ""
    """Label."""
    hint: str = ""
    """Below the label."""
    hint_spanish: str = ""
    """The same in Spanish."""
    required: str = ""
    """"yes", or when it is."""
    relevant: str = ""
    """When it is asked."""
    constraint: str = ""
    """What an answer must hold."""
    message: str = ""
    """Shown where it does not."""
    message_spanish: str = ""
    """The same in Spanish."""
    calculation: str = ""
    """How it is computed."""
    appearance: str = ""
    """How it is drawn."""
    default: str = ""
    """First answer."""
    parameters: str = ""
    """Further settings of its type."""


def _pulled(column: str) -> Question:
    return Question(
        kind="calculate",
        name=column,
        calculation=f"pulldata('worklist', '{column}', 'parcel_id', ${{parcel_id}})",
    )


def _alone(*names: str) -> str:
    """Say that each of these answers excludes all others."""
    return " and ".join(f"not(selected(., '{name}') and count-selected(.) > 1)" for name in names)


def _roof_pct() -> str:
    """Turn the bin into the number of a label file; what nobody saw is "cannot tell"."""
    text = "'cannot tell'"
    for choice in reversed([one for one in ROOF_OPEN if one.roof_pct.isdigit()]):
        text = f"if(${{roof_open}} = '{choice.name}', '{choice.roof_pct}', {text})"
    return text


_ONE_ALONE = "Take either this answer or others, not both."
_ONE_ALONE_SPANISH = "Marque esta respuesta u otras, no ambas."
SURVEY: tuple[Question, ...] = (
    Question(
        kind="note",
        name="use_limit",
        english=USE_LIMIT,
        spanish="La falta de símbolo no significa que sea seguro. Solo foto del techo; no dice nada de pisos, paredes ni escaleras. Manda la evaluación en el lugar.",
    ),
    Question(
        kind="barcode",
        name="scan",
        english="Scan the code on the route sheet",
        spanish="Escanee el código de la hoja de ruta",
    ),
    Question(
        kind="text",
        name="typed",
        english="Or write the parcel number",
        spanish="O escriba el número de parcela",
        hint="As the list writes it, with its blanks, such as 0216 001.",
        hint_spanish="Como está en la lista, con sus espacios, p. ej. 0216 001.",
        required="yes",
        relevant="${scan} = ''",
    ),
    Question(
        kind="calculate", name="parcel_id", calculation="if(${scan} != '', ${scan}, ${typed})"
    ),
    _pulled("address"),
    _pulled("hazard"),
    _pulled("district"),
    Question(
        kind="note",
        name="known",
        english="${address}: ${hazard}",
        spanish="${address}: ${hazard}",
        relevant="${hazard} != ''",
    ),
    Question(
        kind="note",
        name="unknown",
        english="This parcel is not on the work list. Check the number; you can still go on.",
        spanish="Esta parcela no está en la lista. Revise el número; puede continuar.",
        relevant="${hazard} = '' and ${parcel_id} != ''",
    ),
    Question(
        kind="date",
        name="visited_on",
        english="Day of the visit",
        spanish="Día de la visita",
        required="yes",
        default="today()",
        constraint=". <= today()",
        message="A visit cannot lie in the future.",
        message_spanish="Una visita no puede estar en el futuro.",
    ),
    Question(kind="calculate", name="year", calculation="format-date(${visited_on}, '%Y')"),
    Question(
        kind="select_one reached",
        name="reached",
        english="Could you see the building?",
        spanish="¿Pudo ver el edificio?",
        required="yes",
        hint="Look from the street. Never go in to find out.",
        hint_spanish="Mire desde la calle. No entre para averiguarlo.",
    ),
    Question(
        kind="select_one roof_open",
        name="roof_open",
        english="How much of the roof is open?",
        spanish="¿Qué parte del techo está abierta?",
        required="yes",
        relevant=_REACHED,
    ),
    Question(kind="calculate", name="roof_pct", calculation=_roof_pct()),
    Question(
        kind="select_multiple wall_floor_signs",
        name="wall_floor_signs",
        english="Signs on walls or floors",
        spanish="Señales en paredes o pisos",
        required="yes",
        relevant=_REACHED,
        constraint=_alone("none_seen", "cannot_tell"),
        message=_ONE_ALONE,
        message_spanish=_ONE_ALONE_SPANISH,
    ),
    Question(
        kind="select_one yes_no",
        name="secured",
        english="Is it secured?",
        spanish="¿Está asegurado?",
        hint="All openings that can be reached are closed.",
        hint_spanish="Todas las aberturas accesibles están cerradas.",
        required="yes",
        relevant=_REACHED,
    ),
    Question(
        kind="select_multiple sides",
        name="sides_occupied",
        english="On which sides is the attached neighbor occupied?",
        spanish="¿De qué lados está habitado el vecino contiguo?",
        required="yes",
        relevant=_REACHED,
        constraint=_alone("none", "cannot_tell"),
        message=_ONE_ALONE,
        message_spanish=_ONE_ALONE_SPANISH,
    ),
    Question(
        kind="select_one yes_no",
        name="sign_posted",
        english="Is a warning sign posted on the building?",
        spanish="¿Hay un letrero de advertencia en el edificio?",
        required="yes",
        relevant=_REACHED,
    ),
    Question(
        kind="select_one yes_no",
        name="occupied",
        english="Does somebody live in it?",
        spanish="¿Vive alguien allí?",
        required="yes",
        relevant=_REACHED,
    ),
    Question(
        kind="select_one disposition",
        name="disposition",
        english="What happens next?",
        spanish="¿Qué sigue?",
        required="yes",
        constraint=f"{_REACHED} or " + " or ".join(f". = '{name}'" for name in _UNREACHED),
        message="Of a building you could not see: no access, razed or duplicate.",
        message_spanish="Si no pudo ver el edificio: sin acceso, demolida o duplicada.",
    ),
    Question(
        kind="image",
        name="photo_front",
        english="Photo from the street",
        spanish="Foto desde la calle",
        required="${disposition} = 'emergency_demolition_referred'",
        parameters=_PIXELS,
    ),
    Question(
        kind="image",
        name="photo_roof",
        english="Photo of the roof, where it can be seen",
        spanish="Foto del techo, si se ve",
        parameters=_PIXELS,
    ),
    Question(kind="text", name="notes", english="Notes", spanish="Notas", appearance="multiline"),
    Question(kind="geopoint", name="place", english="Where you stand", spanish="Dónde está usted"),
)
LISTS: dict[str, tuple[Choice, ...]] = {
    "reached": YES_NO[:2],
    "yes_no": YES_NO,
    "roof_open": ROOF_OPEN,
    "wall_floor_signs": SIGNS,
    "sides": SIDES,
    "disposition": DISPOSITIONS,
}
_HEADER = {
    "type": "kind",
    "name": "name",
    f"label::{ENGLISH}": "english",
    f"label::{SPANISH}": "spanish",
    f"hint::{ENGLISH}": "hint",
    f"hint::{SPANISH}": "hint_spanish",
    "required": "required",
    "relevant": "relevant",
    "constraint": "constraint",
    f"constraint_message::{ENGLISH}": "message",
    f"constraint_message::{SPANISH}": "message_spanish",
    "calculation": "calculation",
    "appearance": "appearance",
    "default": "default",
    "parameters": "parameters",
}


def write_xlsform(path: Path, *, city: str) -> None:
    """Write the workbook with its sheets survey, choices and settings."""
    choices = [
        (name, one.name, one.label, one.spanish, one.roof_pct)
        for name, found in LISTS.items()
        for one in found
    ]
    sheets: dict[str, list[tuple[str, ...]]] = {
        "survey": [
            tuple(_HEADER),
            *(
                tuple(str(getattr(question, field)) for field in _HEADER.values())
                for question in SURVEY
            ),
        ],
        "choices": [
            ("list_name", "name", f"label::{ENGLISH}", f"label::{SPANISH}", "roof_pct"),
            *choices,
        ],
        "settings": [
            ("form_title", "form_id", "version", "default_language", "instance_name"),
            (
                f"{city}: findings on vacant roofs",
                "roofwatch_findings",
                "1",
                ENGLISH,
                "concat(${parcel_id}, ' ', ${visited_on})",
            ),
        ],
    }
    with atomic_path(path) as temporary, Workbook(str(temporary)) as file:
        file.set_properties(
            {
                "title": f"{city}: findings on vacant roofs",
                "author": "roofwatch",
                "created": datetime(2000, 1, 1, tzinfo=UTC),
            }
        )
        bold = file.add_format({"bold": True})
        for name, rows in sheets.items():
            sheet = file.add_worksheet(name)
            sheet.freeze_panes(1, 2)
            sheet.set_column(0, 14, 28)
            for row, cells in enumerate(rows):
                for column, text in enumerate(cells):
                    if text:
                        sheet.write_string(row, column, text, None if row else bold)


def write_form_media(rows: gpd.GeoDataFrame, folder: Path) -> Path:
    """Write the CSV that the form looks addresses and hazards up in; a row per vacant building."""
    path = folder / MEDIA_FOLDER / MEDIA_FILE
    order = by_priority(rows)
    table = pd.DataFrame(
        {
            column: [harmless(text) for text in csv_texts(order[name].tolist())]
            for name, column in _MEDIA_COLUMNS.items()
        }
    )
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)
    return path
