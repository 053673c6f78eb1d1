"""requirements.lock agrees with pyproject.toml, with the packages themselves, and with itself."""

import re
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
FOOTER = "# The following packages were excluded from the output:"
LEFT_OUT = {"openvino-telemetry"}
"""What `make lock` leaves out."""
PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)(?: ; (.+?))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
VIA = re.compile(r"^    #(?: via)? *")
OURS = "roofwatch (pyproject.toml"


@dataclass(frozen=True, kw_only=True)
class Pin:
    """One package of the lock; some have one version for each Python."""

    name: str
    """The name."""
    version: Version
    """The version."""
    marker: Marker | None
    """Where it is installed; None for everywhere."""
    hashes: int
    """Checksums."""
    via: tuple[str, ...]
    """What asks for it."""

    def is_for(self, python: str) -> bool:
        """Tell whether it is installed on Linux with a Python such as "3.12"."""
        if self.marker is None:
            return True
        names = {"python_version": python, "python_full_version": f"{python}.1"}
        return self.marker.evaluate({**names, "sys_platform": "linux"})


def read_lock() -> list[Pin]:
    """Return the packages of the lock; a line of another kind is a fault."""
    text, _, left_out = LOCK.read_text(encoding="utf-8").partition(FOOTER)
    assert set(left_out.replace("#", "").split()) == LEFT_OUT
    parts = re.split(r"\n(?=\S)", text.strip())
    return [read_pin(part.splitlines()) for part in parts]


def read_pin(lines: list[str]) -> Pin:
    """Return one package."""
    head = PIN.fullmatch(lines[0])
    assert head, f"no line of a lock: {lines[0]}"
    hashes = [line for line in lines[1:] if HASH.fullmatch(line)]
    others = [line for line in lines[1:] if not HASH.fullmatch(line)]
    assert all(line.startswith("    #") for line in others), f"{head[1]}: {others}"
    return Pin(
        name=canonicalize_name(head[1]),
        version=Version(head[2]),
        marker=Marker(head[3]) if head[3] else None,
        hashes=len(hashes),
        via=tuple(VIA.sub("", line) for line in others if VIA.sub("", line)),
    )


def wanted() -> dict[str, Requirement]:
    """Return what pyproject.toml asks for, with its extra and its group of tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["postgres"],
        *project["dependency-groups"]["dev"],
    ]
    needs = [Requirement(line) for line in lines]
    return {canonicalize_name(need.name): need for need in needs}


@pytest.fixture(scope="module")
def pins() -> list[Pin]:
    return read_lock()


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_each_package_of_pyproject_is_pinned_once_within_its_range(
    pins: list[Pin], python: str
) -> None:
    for name, need in wanted().items():
        found = [pin for pin in pins if pin.name == name and pin.is_for(python)]
        assert len(found) == 1, f"{name}: {len(found)} pins in requirements.lock; run `make lock`"
        assert need.specifier.contains(found[0].version), found[0]


def test_the_lock_names_pyproject_for_those_packages_and_no_others(pins: list[Pin]) -> None:
    ours = {pin.name for pin in pins if any(OURS in text for text in pin.via)}
    assert ours == set(wanted())


def test_every_package_has_checksums_and_a_reason(pins: list[Pin]) -> None:
    assert [pin.name for pin in pins if not pin.hashes or not pin.via] == []
    named = {text for pin in pins for text in pin.via if OURS not in text}
    assert {canonicalize_name(text) for text in named} - {pin.name for pin in pins} == set()


def test_the_lock_names_no_place_of_packages() -> None:
    text = LOCK.read_text(encoding="utf-8")
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ "):
        assert word not in text


def test_what_the_packages_need_is_in_the_lock(pins: list[Pin]) -> None:
    """By their own metadata, as far as they are installed here: a line added by hand lacks none."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = {pin.name: pin.version for pin in pins if pin.is_for(python)}
    faults = []
    for name, version in here.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if Version(found.version) == version:
            faults += [_fault(name, Requirement(line), here) for line in found.requires or []]
    assert [fault for fault in faults if fault] == []


def _fault(name: str, need: Requirement, here: dict[str, Version]) -> str:
    """Return what is wrong with one need of a package, "" where it is met or not for us."""
    other = canonicalize_name(need.name)
    is_for_us = need.marker is None or need.marker.evaluate({"extra": ""})
    if not is_for_us or other in LEFT_OUT:
        return ""
    if other not in here:
        return f"{name} needs {other}, which is not in the lock"
    if not need.specifier.contains(here[other], prereleases=True):
        return f"{name} needs {need}, the lock has {here[other]}"
    return ""
