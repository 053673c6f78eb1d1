"""Evidence packets: all that is known of one parcel, as a page and as a PDF. Housing tier."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from gis_export.housing.packets.checksums import TileSums
from gis_export.housing.packets.evidence_page import packet_html
from gis_export.housing.packets.evidence_pdf import draw_packet
from gis_export.housing.packets.packet import Packet, build_packet, find_row
from gis_export.housing.packets.sources import PacketSources
from gis_export.printing.sheet import new_document, restart, save
from gis_export.table.visits import by_priority
from imagery.file_names import safe_names
from imagery.files import atomic_path

_USUAL_PAGES = 3
"""Pages of most packets with a heat map and two flyovers before."""


def write_packets(
    sources: PacketSources, folder: Path, *, parcels: Sequence[str] | None = None
) -> list[Path]:
    """Write the packets of some parcels.

    A tile that several of them were cut from is read for its checksum once.

    Args:
        sources: The rows, and what is known beside them.
        folder: Where the files go, such as housing/evidence.
        parcels: PARCEL_ID as in the rows; None for the first `visits.packets` rows by priority.

    Returns:
        The files, an HTML and a PDF per parcel.

    Raises:
        InputError: no such parcel; then nothing is written.
    """
    rows = sources.rows
    if parcels is None:
        most = sources.settings.visits.packets
        chosen = by_priority(rows)["PARCEL_ID"].head(most).tolist()
    else:
        chosen = list(dict.fromkeys(parcels))

    for parcel_id in chosen:
        find_row(parcel_id, rows, sources.inputs.year)
    sums = TileSums(sources.inputs)
    names = safe_names(rows["PARCEL_ID"])

    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for parcel_id in chosen:
        packet = build_packet(parcel_id, sources, sums)
        paths += _write(packet, folder / names[parcel_id], sources.inputs.today)
    return paths


def _write(packet: Packet, stem: Path, today: date) -> tuple[Path, Path]:
    """Write a packet's page and PDF."""
    page_path = stem.with_name(f"{stem.name}.html")
    with atomic_path(page_path) as temporary:
        temporary.write_text(packet_html(packet), encoding="utf-8")

    pdf = new_document(
        f"{packet.address}, {packet.parcel_id}: evidence, {packet.city}",
        subject="What is known of one vacant building",
        today=today,
    )
    draw_packet(pdf, packet, pages=_USUAL_PAGES)
    if pdf.page_no() != _USUAL_PAGES:
        draw_packet(pdf, packet, pages=restart(pdf))
    pdf_path = save(pdf, stem.with_name(f"{stem.name}.pdf"))
    return page_path, pdf_path
