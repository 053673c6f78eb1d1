"""Phone lists: a day of one inspector as one page that works without a network. Housing tier.

The page keeps the answers in the browser of the phone, and saves them as a CSV with the columns of
the field form, which `roofwatch findings` reads.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np
from pyproj import CRS

from gis_export.housing.routes.route_sheets import (
    SheetSources,
    day_title,
    file_names,
    summary_of,
)
from gis_export.housing.routes.routing import Route
from gis_export.housing.routes.stops import Stop
from gis_export.housing.survey import LISTS, SURVEY
from gis_export.printing.chip_photo import chip_jpeg
from gis_export.printing.frame import PageBox, frame_around
from gis_export.printing.map_picture import picture
from gis_export.printing.photo import Photo
from imagery.boxes import GroundBox
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT
from labels.choices import Choice

_MAP = PageBox(left_mm=0.0, top_mm=0.0, width_mm=100.0, height_mm=60.0)
_FINEST = 1000
_ROOM = 0.84
_LONGEST_PX = 340
_NEEDED = ("visited_on", "reached", "disposition")
"""What a stop must have to be done."""
_SIGHT = "${reached} = 'yes'"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question of the page."""

    name: str
    """Name of its column."""
    kind: str
    """"date", "text", or "" for one with choices."""
    english: str
    """What it asks."""
    spanish: str
    """The same in Spanish."""
    choices: tuple[Choice, ...]
    """Its answers, () for none."""
    many: bool
    """Whether several may be given."""
    needs_sight: bool
    """Whether it is asked only of a building that could be seen."""


@dataclass(frozen=True, kw_only=True)
class ShownPhoto:
    """A photo of a roof on the page."""

    year: int
    """Year of the flyover."""
    data: str
    """The JPEG as a data URI."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


@dataclass(frozen=True, kw_only=True)
class MapStop:
    """A stop on the map."""

    number: int
    """Its place in the day's order."""
    x: float
    """From the left."""
    y: float
    """From the top."""


@dataclass(frozen=True, kw_only=True)
class MapStrip:
    """The map of a day."""

    width: float
    """In the unit of its stops."""
    height: float
    """The same."""
    photo: str
    """The ground as a data URI, "" for none."""
    line: str
    """Points of the way."""
    stops: tuple[MapStop, ...]
    """In visiting order."""


def write_phone_lists(
    routes: Sequence[Route], sources: SheetSources, folder: Path, *, run_id: str
) -> list[Path]:
    """Write one page a day.

    Args:
        routes: Days with their stops in visiting order.
        sources: What `read_sources` returned for them.
        folder: Where the pages go, such as housing/phone_lists.
        run_id: Keeps the answers of one export apart from those of another on the phone.

    Returns:
        The files, sorted by district and day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = file_names(routes)
    source = files("gis_export.housing.routes") / "phone_list.html"
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(source.read_text(encoding="utf-8"))

    paths = []
    for route in sorted(routes, key=lambda route: (route.district, route.day)):
        stem = f"{names[route.district]}_day_{route.day}"
        page = _page(template, route, sources, stem=stem, run_id=run_id)
        with atomic_path(folder / f"{stem}.html") as temporary:
            temporary.write_text(page, encoding="utf-8")
        paths.append(folder / f"{stem}.html")
    return paths


def _page(
    template: jinja2.Template, route: Route, sources: SheetSources, *, stem: str, run_id: str
) -> str:
    stops = [
        replace(sources.stops[parcel_id], number=number)
        for number, parcel_id in enumerate(route.parcels, start=1)
    ]
    questions = asked()
    return template.render(
        title=day_title(route),
        city=sources.city,
        use_limit=USE_LIMIT,
        summary=summary_of(route),
        map=_map_strip(stops, sources.crs, sources.ground),
        stops=stops,
        photos={stop.parcel_id: _photos(stop, sources) for stop in stops},
        questions=questions,
        names=[question.name for question in questions],
        needed=list(_NEEDED),
        key=f"roofwatch {run_id} {stem}",
        file=f"findings_{stem}.csv",
    )


def asked() -> tuple[Ask, ...]:
    """Return the questions of the field form that a page can ask."""
    questions = []
    for question in SURVEY:
        kind, _, list_name = question.kind.partition(" ")
        is_choice = kind in ("select_one", "select_multiple")
        is_typed = kind == "date" or question.name == "notes"
        if not is_choice and not is_typed:
            continue

        ask = Ask(
            name=question.name,
            kind="" if is_choice else kind,
            english=question.label.english,
            spanish=question.label.spanish,
            choices=LISTS[list_name] if is_choice else (),
            many=kind == "select_multiple",
            needs_sight=question.relevant == _SIGHT,
        )
        questions.append(ask)
    return tuple(questions)


def _photos(stop: Stop, sources: SheetSources) -> list[ShownPhoto]:
    shown = []
    for roof in sources.roofs:
        jpeg = chip_jpeg(roof.chips, stop.parcel_id, longest_px=_LONGEST_PX)
        if jpeg is not None:
            photo = ShownPhoto(
                year=roof.year,
                data=_data_uri(jpeg.data),
                width=jpeg.width_px,
                height=jpeg.height_px,
            )
            shown.append(photo)
    return shown


def _map_strip(stops: Sequence[Stop], crs: CRS | None, ground: Photo | None) -> MapStrip | None:
    """Return the map of a day, None when no stop has a geometry."""
    placed = [stop for stop in stops if stop.point is not None]
    if not placed or crs is None:
        return None

    points = np.array([stop.point for stop in placed], dtype=np.float64)
    west, south = points.min(axis=0).tolist()
    east, north = points.max(axis=0).tolist()
    around = GroundBox(west=west, south=south, east=east, north=north)
    frame = frame_around(around, crs, _MAP, finest=_FINEST, room=_ROOM)
    places = np.round(frame.place(points), 1).tolist()
    jpeg = picture(ground, frame)

    return MapStrip(
        width=_MAP.width_mm,
        height=_MAP.height_mm,
        photo=_data_uri(jpeg) if jpeg else "",
        line=" ".join(f"{x},{y}" for x, y in places),
        stops=tuple(
            MapStop(number=stop.number, x=x, y=y)
            for stop, (x, y) in zip(placed, places, strict=True)
        ),
    )


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
