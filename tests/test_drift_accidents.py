"""A small demo city whose last flyover meets with accidents, through the command line."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import rasterio
from numpy.typing import NDArray

from demo_city.city import build_demo_city
from roofwatch.cli import main

pytestmark = pytest.mark.timeout(900)  # the city is made once, in about a minute
PARCELS = 200
SMALL = """
[tile]
registration = "off"

[model]
gsd_m = 0.2
margin_m = 4
input_px = 96
views = ["roof_grey"]
turns = 1
"""
SETTINGS = "[train]\nlight = 0\nbootstrap = 20\n"
PX_PER_M = 10
Pixels = NDArray[np.float32]
Accident = Callable[[Pixels], Pixels]


@dataclass(frozen=True, kw_only=True)
class SmallCity:
    """A trained city whose last flyover can be exchanged."""

    path: Path
    """Its city.toml."""

    @property
    def flyover(self) -> Path:
        """Return the folder of the last flyover."""
        return self.path.parent / "flyover" / "2024"

    @property
    def year(self) -> Path:
        """Return the folder of the last year."""
        return self.path.parent / "workspace" / "2024"

    def command(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return its exit code, what it printed, and what it warned of."""
        out = io.StringIO()
        err = io.StringIO()
        name, *rest = words
        options = ["--year", "2024", "--executor", "serial", "--quiet", *rest]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([name, str(self.path), *options])
        return code, out.getvalue(), err.getvalue()

    def meet(self, accident: Accident) -> None:
        """Exchange the last flyover by a copy of what it was, changed."""
        shutil.rmtree(self.flyover)
        self.flyover.mkdir()
        for tile in sorted((self.path.parent / "kept").iterdir()):
            change_tile(tile, self.flyover / f"{tile.stem}.tif", accident)

    def drift(self) -> tuple[int, Mapping[str, object]]:
        """Run `drift`; return its exit code and drift.json."""
        code, _, error = self.command("drift")
        assert code in (0, 4), error
        return code, json.loads((self.year / "report" / "drift.json").read_text())


def change_tile(source: Path, target: Path, accident: Accident) -> None:
    """Write a changed copy of a tile."""
    with rasterio.open(source) as tile:
        pixels = tile.read()
        profile = {"crs": tile.crs, "transform": tile.transform, "nodata": tile.nodata}

    changed = accident(pixels[:3].transpose(1, 2, 0).astype(np.float32))
    colors = np.clip(changed, 1, 255).astype(np.uint8).transpose(2, 0, 1)
    pixels[:3] = colors * pixels[:3].any(axis=0)
    count, height, width = pixels.shape
    with rasterio.open(
        target,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype="uint8",
        **profile,
    ) as copy:
        copy.write(pixels)


def blurred(pixels: Pixels) -> Pixels:
    """Return a photo that is 0.3 m out of focus."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.3 * PX_PER_M), np.float32)


def darker_and_warm(pixels: Pixels) -> Pixels:
    """Return a photo in less light, with some haze and a warm cast."""
    lit = 255 * (pixels / 255) ** 1.25 * 0.85 + 12
    return np.asarray(lit * [1.12, 1.0, 0.88], np.float32)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> SmallCity:
    """Return a small demo city, trained with a small model."""
    path = build_demo_city(tmp_path_factory.mktemp("drift"), parcels=PARCELS)
    text = path.read_text(encoding="utf-8").replace("[train]\n", SETTINGS)
    path.write_text(text.replace("[export]\n", f"{SMALL}\n[export]\n", 1), encoding="utf-8")

    small = SmallCity(path=path)
    shutil.copytree(small.flyover, path.parent / "kept")
    code, _, error = small.command("train")
    assert code == 0, error
    # A model of so few labels may not pass the floor.
    forced = ["--version", "1", "--by", "the test", "--why", "a small city", "--force", "--quiet"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["promote", str(path), *forced]) == 0
    return small


def grades(facts: Mapping[str, object]) -> dict[str, str]:
    """Return the grade of every sign but the share failing, which is not of the photos."""
    signs = facts["signs"]
    assert isinstance(signs, list)
    return {sign["name"]: sign["grade"] for sign in signs if sign["name"] != "share failing"}


def test_other_light_is_go(city: SmallCity) -> None:
    city.meet(darker_and_warm)
    code, facts = city.drift()

    assert code == 0
    assert set(grades(facts).values()) == {"GO"}


def test_blur_is_stop_and_run_ends_before_export(city: SmallCity) -> None:
    city.meet(blurred)
    code, facts = city.drift()

    assert code == 4
    assert facts["grade"] == "STOP"
    assert grades(facts)["sharpness"] == "STOP"

    page = (city.year / "report" / "drift.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 2
    assert "http" not in page
    stop_run(city)


def stop_run(city: SmallCity) -> None:
    """See that `run` on the photos that drift stops ends before export."""
    code, _, error = city.command("run")

    assert code == 4
    assert "STOP (" in error
    assert "--despite-drift --why" in error
    assert not (city.year / "fire").exists()

    ledger = pd.read_parquet(city.year / "ledger.parquet")
    assert "LIKELY" not in set(ledger["hazard"])


def test_run_despite_stop_says_so_on_every_product(city: SmallCity) -> None:
    city.meet(blurred)
    code, out, error = city.command("run", "--despite-drift", "--why", "no other photos")

    assert code == 0, error
    assert "Exported all the same: no other photos" in out
    for name in ("fire/fire_map/index.html", "fire/fire_map/README.txt", "report/drift.html"):
        assert "no other photos" in (city.year / name).read_text(encoding="utf-8"), name
    log = (city.path.parent / "workspace" / "audit.csv").read_text(encoding="utf-8")
    assert "2024 exported despite STOP: no other photos" in log

    facts = json.loads((city.year / "report" / "drift.json").read_text())
    assert facts["figures"]["sentence"].startswith("If the scores hold, LIKELY and POSSIBLE hold")
    shutil.rmtree(city.year / "fire")


@pytest.mark.parametrize("words", [["--despite-drift"], ["--why", "no"]])
def test_despite_and_why_belong_together(city: SmallCity, words: list[str]) -> None:
    code, _, error = city.command("run", *words)

    assert code == 2
    assert "--despite-drift needs --why" in error
