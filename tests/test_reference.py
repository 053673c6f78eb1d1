"""The pages of docs/: generated ones are fresh, and links lead somewhere."""

import dataclasses
import re
import typing
from pathlib import Path

import pytest

from imagery.settings import is_derived, meaning_of
from roofwatch.city_file import CityFile
from roofwatch.reference import city_file_page, inner_type, main, make_pages

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")


def settings_classes(kind: type) -> list[type]:
    """Return a settings class and those inside it."""
    classes = [kind]
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        inner = inner_type(hints[field.name])
        if dataclasses.is_dataclass(inner) and not is_derived(field):
            classes += settings_classes(inner)
    return classes


def test_pages_are_fresh() -> None:
    assert main(["--check"]) == 0


def test_a_stale_page_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("roofwatch.reference.DOCS", tmp_path)
    assert main(["--check"]) == 3
    assert "docs/commands.md is stale; run make docs" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert sorted(path.name for path, _ in make_pages()) == sorted(
        path.name for path in tmp_path.iterdir()
    )


@pytest.mark.parametrize("kind", settings_classes(CityFile)[1:], ids=lambda kind: kind.__name__)
def test_every_key_has_a_meaning(kind: type) -> None:
    page = city_file_page()
    for field in dataclasses.fields(kind):
        is_section = dataclasses.is_dataclass(inner_type(typing.get_type_hints(kind)[field.name]))
        if not is_section and not is_derived(field):
            assert meaning_of(field), field.name
            assert f"| `{field.name}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_readme_is_a_door() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
