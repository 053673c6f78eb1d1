"""Evidence packets: all that is known of one parcel, as a page that opens anywhere and as a PDF that says the same. Housing tier."""

import base64
import io
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import jinja2
import markupsafe
from PIL import Image

from gis_export.housing.packets.checksums import tile_sums
from gis_export.housing.packets.evidence_pdf import draw_packet
from gis_export.housing.packets.packet import SCORE_IN_WORDS, Packet, build_packet, find_row
from gis_export.printing.sheet import new_document, save
from gis_export.table.inputs import ExportInputs
from gis_export.table.settings import ExportSettings
from gis_export.table.symbols import Symbol
from gis_export.table.visits import by_priority
from imagery.file_names import safe_names
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

_WEBP_QUALITY = 85
_SHAPES = {
    "hexagon": '<polygon points="29,20 24.5,27.8 15.5,27.8 11,20 15.5,12.2 24.5,12.2" transform="translate(-20 -20) scale(2)"/>',
    "triangle": '<polygon points="20,3 38,35 2,35"/>',
    "diamond": '<polygon points="20,2 38,20 20,38 2,20"/>',
    "circle": '<circle cx="20" cy="20" r="15"/>',
    "tag": '<rect x="2" y="8" width="36" height="24"/>',
}


def write_packets(
    rows: gpd.GeoDataFrame,
    folder: Path,
    inputs: ExportInputs,
    settings: ExportSettings,
    *,
    parcels: Sequence[str] | None = None,
    pictures: Path | None = None,
) -> list[Path]:
    """Write the packets of some parcels; a tile that several were cut from is read for its checksum once.

    Args:
        rows: What `build_rows` returned, all of them: file names of parcels that differ in case only depend on each other.
        folder: Where the files go, such as housing/evidence.
        inputs: Ledgers, chips, looks and tiles of all years.
        settings: The city's choices.
        parcels: PARCEL_ID as they stand in the rows; None for the first `visits.packets` rows by PRIORITY, then RANK, then PARCEL_ID.
        pictures: Folder of heat maps such as <year>/explain, None for none.

    Returns:
        The files, an HTML and a PDF per parcel.

    Raises:
        InputError: no such parcel; then nothing is written.
    """
    chosen = (
        by_priority(rows)["PARCEL_ID"].head(settings.visits.packets).tolist()
        if parcels is None
        else list(dict.fromkeys(parcels))
    )
    for parcel in chosen:
        find_row(parcel, rows, inputs.year)
    sums, names = tile_sums(inputs), safe_names(rows["PARCEL_ID"])
    folder.mkdir(parents=True, exist_ok=True)
    packets = (
        build_packet(parcel, rows, inputs, settings, sums=sums, pictures=pictures)
        for parcel in chosen
    )
    return [
        path
        for packet in packets
        for path in _write(packet, folder / names[packet.parcel_id], inputs.today)
    ]


def packet_html(packet: Packet) -> str:
    """Return the packet as a page without script that asks no other place for anything."""
    template = jinja2.Environment(autoescape=True).from_string(
        (files("gis_export.housing.packets") / "evidence.html").read_text(encoding="utf-8")
    )
    return template.render(
        packet=packet,
        mark=markupsafe.Markup(_svg(packet.symbol)),
        use_limit=USE_LIMIT,
        score_in_words=SCORE_IN_WORDS,
        data_uri=_data_uri,
    )


def _write(packet: Packet, stem: Path, today: date) -> tuple[Path, Path]:
    page, paper = stem.with_name(f"{stem.name}.html"), stem.with_name(f"{stem.name}.pdf")
    with atomic_path(page) as temporary:
        temporary.write_text(packet_html(packet), encoding="utf-8")
    pdf = new_document(
        f"{packet.address}, {packet.parcel_id}: evidence, {packet.city}",
        subject="What is known of one vacant building",
        today=today,
    )
    draw_packet(pdf, packet)
    return page, save(pdf, paper)


def _data_uri(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=_WEBP_QUALITY, method=4)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"


def _svg(symbol: Symbol) -> str:
    """Return the symbol as a picture that readers aloud skip: the word stands beside it."""
    y = 31 if symbol.shape == "triangle" else 26
    return (
        f'<svg viewBox="0 0 40 40" aria-hidden="true"><g fill="{symbol.color}" stroke="#000" stroke-width="2">{_SHAPES[symbol.shape]}</g>'
        f'<text x="20" y="{y}" text-anchor="middle" font-size="17" font-weight="bold" font-family="Arial, sans-serif">{symbol.letter}</text></svg>'
    )
