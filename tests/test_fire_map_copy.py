"""A copy of the fire map that is not whole says so, whichever file is missing or cut."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from test_fire_map import make_inputs, write_map

from gis_export.fire.map.page_file import DataScript
from gis_export.verify.folders import verify_folder, verify_notes
from gis_export.verify.sums import write_sums

NOTICE = "INCOMPLETE COPY: DO NOT USE"
UNREAD = {"README.txt", "LICENSE-leaflet.txt"}
"""Files for people, which the page does not read."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the map of a city of six vacant roofs."""
    folder = tmp_path_factory.mktemp("whole")
    return write_map(make_inputs(folder), folder / "fire_map")


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """Return an empty page."""
    return browser.new_page()


def notice(page: Page, folder: Path) -> str:
    """Open a folder, wait until it was checked, and return the notice that is seen."""
    page.goto((folder / "index.html").as_uri())
    page.wait_for_selector("body[data-copy], body.unchecked", state="attached")
    return shown_notice(page)


def shown_notice(page: Page) -> str:
    """Return the notice that is seen, "" where there is none."""
    shown = page.locator("#copy")
    return shown.inner_text() if shown.is_visible() else ""


def files_of(folder: Path) -> list[str]:
    """Return the files of a map that the page reads."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [str(path.relative_to(folder)) for path in paths if path.name not in UNREAD]


def photo_in(folder: Path) -> str:
    """Return the name of the first photo of a roof."""
    return min(name for name in files_of(folder) if name.startswith("chips/"))


def test_whole_copy_shows_no_notice(page: Page, whole: Path) -> None:
    assert notice(page, whole) == ""
    assert page.evaluate("Roofs.all.length") == 6


def test_every_file_removed_or_cut_gives_the_notice(
    page: Page, whole: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    names = files_of(copy)
    assert {"index.html", "data.js", photo_in(copy), "base/0/0_0.webp"} <= set(names)

    for name in set(names) - {"index.html"}:
        path = copy / name
        text = path.read_bytes()
        path.unlink()
        assert notice(page, copy).startswith(NOTICE), name
        path.write_bytes(text[: len(text) // 2])
        assert notice(page, copy).startswith(NOTICE), name
        path.write_bytes(text)
    assert notice(page, copy) == ""


def test_verify_names_a_file_that_is_removed_or_cut(whole: Path, tmp_path: Path) -> None:
    """Also those that the page does not read; the folder went alone, with its own checksums."""
    copy = tmp_path / "stick"
    shutil.copytree(whole, copy)
    write_sums(copy)
    assert verify_folder(copy) == []

    for name in ("index.html", "data.js", photo_in(copy), *sorted(UNREAD)):
        path = copy / name
        raw = path.read_bytes()
        path.write_bytes(raw[: len(raw) // 2])
        assert any(name in str(finding) for finding in verify_folder(copy)), name
        path.unlink()
        assert any(name in str(finding) for finding in verify_folder(copy)), name
        path.write_bytes(raw)

    sums = (copy / "SHA256SUMS").read_bytes()
    (copy / "SHA256SUMS").write_bytes(sums[: len(sums) // 2])
    assert verify_folder(copy)
    (copy / "SHA256SUMS").unlink()
    assert "checksums were not checked" in verify_notes(copy)[0]


def test_page_that_is_cut_keeps_the_notice(page: Page, whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    text = (whole / "index.html").read_bytes()
    for share in (0.02, 0.1, 0.5, 0.9, 0.99):
        (copy / "index.html").write_bytes(text[: int(len(text) * share)])
        page.goto((copy / "index.html").as_uri())
        page.wait_for_timeout(100)
        assert shown_notice(page).startswith(NOTICE), share


def test_page_opened_alone_shows_the_notice_and_no_map(
    page: Page, whole: Path, tmp_path: Path
) -> None:
    shutil.copy(whole / "index.html", tmp_path)

    assert notice(page, tmp_path).startswith(NOTICE)
    assert page.locator("#map").is_hidden()
    assert page.locator("#use-limit").is_visible()


@pytest.mark.parametrize(
    ("old", "new"),
    [('"LIKELY"', '"NA"'), ("Testville", "Testvill\\u00e9"), ("0216 001", "0216 002")],
)
def test_data_of_another_map_shows_the_notice(
    page: Page, whole: Path, tmp_path: Path, old: str, new: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    text = (copy / "data.js").read_text(encoding="ascii")
    assert old in text

    (copy / "data.js").write_text(text.replace(old, new, 1), encoding="ascii")
    assert notice(page, copy).startswith(NOTICE)
    assert page.locator("#map").is_hidden()


def test_browser_takes_the_same_checksum(page: Page, tmp_path: Path) -> None:
    script = DataScript(
        file="x.js",
        name="X",
        value={
            "a": [1.0, 2.5, -3, "</script>"],
            "b": "Peña \u2028 \U0001f692 \x7f\x01",
            "c": None,
            "d": 0.1,
            # A district at the edge of a map begins at rounding errors such as 1.5e-09 m.
            "e": [sign * 1.2345 * 10.0**power for sign in (1, -1) for power in range(-18, 15)],
            "f": [1e-4, 1e-5, 1e-7, 9.99e-5, 0.0, -0.0],
        },
    )
    page.goto("about:blank")
    page.set_content(f"<body data-checksums='{{\"X\": {script.checksum}}}'><p id=copy></p>")
    page.add_script_tag(content=script.text)
    source = Path("gis_export/fire/map/page/copy.js").read_text(encoding="utf-8")
    page.add_script_tag(content=source)
    assert page.evaluate("typeof Copy.check") == "function"
