"""The guides are delivered with the products, and open without a network."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from export_cases import export, make_inputs, make_roll

from gis_export.guides.pages import GIS, GUIDE
from gis_export.verify.folders import verify_folder
from inference.hazard import USE_LIMIT

DEPARTMENTS = ("fire", "housing")
LINKING = ("href", "src", "srcset", "action", "data")
"""Attributes by which a page loads or opens something else."""


class LinkReader(HTMLParser):
    """Collects what a page links to or loads."""

    def __init__(self) -> None:
        """Create a reader that has found nothing yet."""
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses of a tag."""
        self.links += [value or "" for name, value in attrs if name in LINKING]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export four parcels and return the folder of the year."""
    return export(make_inputs(make_roll(4)), tmp_path_factory.mktemp("guides"))


def read_links(page: Path) -> list[str]:
    reader = LinkReader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.links


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_both_guides_are_in_the_folder_and_its_checksums(year: Path, department: str) -> None:
    folder = year / department
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8")
    for name in (GUIDE, GIS):
        assert (folder / name).is_file()
        assert f"  {name}\n" in sums
    assert verify_folder(folder) == []


def test_the_guide_of_the_fire_department_holds_the_use_limit(year: Path) -> None:
    text = (year / "fire" / GUIDE).read_text(encoding="utf-8")
    assert USE_LIMIT in text


@pytest.mark.parametrize("name", [GUIDE, GIS])
@pytest.mark.parametrize("department", DEPARTMENTS)
def test_guides_make_no_network_request(year: Path, department: str, name: str) -> None:
    page = year / department / name
    for link in read_links(page):
        assert ":" not in link, link
        assert not link.startswith("//"), link
    text = page.read_text(encoding="utf-8")
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text


@pytest.mark.parametrize("department", DEPARTMENTS)
def test_every_link_leads_to_a_file_of_the_folder(year: Path, department: str) -> None:
    links = [link for name in (GUIDE, GIS) for link in read_links(year / department / name)]
    assert GIS in links
    for link in links:
        file, _, _ = link.partition("#")
        assert not file or (year / department / file).is_file(), link
