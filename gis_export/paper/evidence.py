"""Evidence packets: all that is known of one parcel, as a page that opens anywhere and as a PDF that says the same. Housing tier."""

import base64
import io
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import jinja2
import markupsafe
from PIL import Image

from gis_export.inputs import ExportInputs, ExportSettings
from gis_export.paper.checksums import tile_sums
from gis_export.paper.evidence_pdf import draw_packet
from gis_export.paper.packet import SCORE_IN_WORDS, Packet, build_packet
from gis_export.paper.sheet import new_document, safe_name, save
from gis_export.symbols import Symbol
from gis_export.visits import by_priority
from imagery.files import atomic_path
from inference.hazard import USE_LIMIT

_WEBP_QUALITY = 85
_SHAPES = {
    "hexagon": '<polygon points="29,20 24.5,27.8 15.5,27.8 11,20 15.5,12.2 24.5,12.2" transform="translate(-20 -20) scale(2)"/>',
    "triangle": '<polygon points="20,3 38,35 2,35"/>', "diamond": '<polygon points="20,2 38,20 20,38 2,20"/>', "circle": '<circle cx="20" cy="20" r="15"/>',
    "tag": '<rect x="2" y="8" width="36" height="24"/>',
}  # fmt: skip


def write_packets(rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, settings: ExportSettings, *, pictures: Path | None = None) -> list[Path]:
    """Write the packets of the first `visits.packets` rows by PRIORITY, then RANK, then PARCEL_ID; see `write_packet`.

    Returns:
        The files, two per parcel.
    """
    chosen = by_priority(rows).head(settings.visits.packets)
    sums = tile_sums(inputs)
    folder.mkdir(parents=True, exist_ok=True)
    return [path for parcel in chosen["PARCEL_ID"] for path in _write(build_packet(parcel, rows, inputs, settings, sums=sums, pictures=pictures), folder, inputs)]


def write_packet(parcel_id: str, rows: gpd.GeoDataFrame, folder: Path, inputs: ExportInputs, settings: ExportSettings, *, pictures: Path | None = None) -> tuple[Path, Path]:
    """Write the packet of one parcel.

    Args:
        parcel_id: PARCEL_ID as it stands in the rows.
        rows: What `build_rows` returned.
        folder: Where the files go, such as housing/evidence.
        inputs: Ledgers, chips, looks and tiles of all years.
        settings: The city's choices.
        pictures: Folder of heat maps such as <year>/explain, None for none.

    Returns:
        The HTML and the PDF.

    Raises:
        InputError: no such parcel.
    """
    packet = build_packet(parcel_id, rows, inputs, settings, sums=tile_sums(inputs), pictures=pictures)
    folder.mkdir(parents=True, exist_ok=True)
    return _write(packet, folder, inputs)


def packet_html(packet: Packet) -> str:
    """Return the packet as a page without script that asks no other place for anything."""
    template = jinja2.Environment(autoescape=True).from_string((files("gis_export.paper") / "evidence.html").read_text(encoding="utf-8"))
    return template.render(
        packet=packet, mark=markupsafe.Markup(_svg(packet.symbol)), use_limit=USE_LIMIT, score_in_words=SCORE_IN_WORDS, data_uri=_data_uri,
    )  # fmt: skip


def _write(packet: Packet, folder: Path, inputs: ExportInputs) -> tuple[Path, Path]:
    name = safe_name(packet.parcel_id)
    page, paper = folder / f"{name}.html", folder / f"{name}.pdf"
    with atomic_path(page) as temporary:
        temporary.write_text(packet_html(packet), encoding="utf-8")
    pdf = new_document(f"{packet.address}, {packet.parcel_id}: evidence, {packet.city}", subject="What is known of one vacant building", today=inputs.today)
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
