"""Checksums of delivered files: SHA256SUMS in each department's folder, and the manifest of the year.

SHA256SUMS is as coreutils write and read it, so that `sha256sum -c SHA256SUMS` in the folder says the same without us. It goes
where its folder goes; the manifest stays with the year.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

from gis_export.verify.finding import EXPORT_AGAIN, FOLDERS, Finding, some
from imagery.files import atomic_path, sha256_file

SUMS, MANIFEST = "SHA256SUMS", Path("report") / "manifest.json"
_OF_THE_DESKTOP = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What Finder and Explorer leave in every folder that they show."""
_CHANGED, _MISSING, _STRAY = "was changed after the export", "is not there", "is not of this export"
_MANY = {
    _CHANGED: "holds {} files that were changed after the export",
    _MISSING: "lacks {} files of the export",
    _STRAY: "holds {} files that are not of this export",
}
_MOST = 10
"""More findings of one kind in one folder become one."""
_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_CODES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
"""What coreutils write for letters that would break a line."""
_LETTERS = {code: letter for letter, code in _CODES.items()}

Digest = Callable[[Path], str]


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS of every file under a folder but itself, sorted by name."""
    lines = [_line(sha256_file(folder / name), name) for name in _files(folder)]
    with atomic_path(folder / SUMS) as temporary:
        temporary.write_bytes(os.fsencode("".join(lines)))


def has_sums(home: Path) -> bool:
    """Return whether a folder holds checksums of what lies in it."""
    return (home / SUMS).is_file() or (home / MANIFEST).is_file()


def check_sums(folder: Path, homes: list[Path]) -> Iterator[Finding]:
    """Hold the files under `folder` against the checksums that the export left; no file is named twice.

    Args:
        folder: The folder that is checked.
        homes: Folders in it and above it that hold SHA256SUMS or the manifest.
    """
    inside, digest = folder.resolve(), cache(sha256_file)
    told: set[Path] = set()
    for read in (_by_sums, _by_manifest):
        for home in homes:
            found = [one for one in read(home.resolve(), inside, digest) if one.path not in told]
            told |= {one.path for one in found}
            shown = [
                replace(one, path=folder / one.path.relative_to(inside))
                if one.path.is_relative_to(inside)
                else one
                for one in found
            ]
            yield from _grouped(shown, home if home.resolve().is_relative_to(inside) else folder)


def _by_sums(home: Path, inside: Path, digest: Digest) -> Iterator[Finding]:
    """Hold the files of `home` that lie in `inside` against its SHA256SUMS, both ways."""
    if not (home / SUMS).is_file():
        return
    try:
        listed = _read_sums(home / SUMS)
    except ValueError as error:
        yield Finding(
            path=home / SUMS,
            what="cannot be read",
            got=str(error),
            want="a checksum and the name of a file of this folder in each line",
            remedy=EXPORT_AGAIN,
        )
        return
    for name, wanted in listed.items():
        if (home / name).is_relative_to(inside):
            yield from _check_sum(home / name, wanted, digest)
    for name in _files(home):
        if (
            name not in listed
            and (home / name).is_relative_to(inside)
            and Path(name).name not in _OF_THE_DESKTOP
        ):
            yield Finding(
                path=home / name,
                what=_STRAY,
                got="a file that SHA256SUMS does not list",
                want="only what the export wrote",
                remedy="take it out, or keep it elsewhere",
            )


def _by_manifest(home: Path, inside: Path, digest: Digest) -> Iterator[Finding]:
    """Hold the products of the year `home` that lie in `inside` against its manifest."""
    path = home / MANIFEST
    if not path.is_file():
        return
    try:
        sums: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        yield Finding(
            path=path,
            what="cannot be read",
            got="no JSON",
            want="names and checksums",
            remedy=EXPORT_AGAIN,
        )
        return
    for name, wanted in sums.items():
        if Path(name).parts[0] in FOLDERS and (home / name).is_relative_to(inside):
            yield from _check_sum(home / name, wanted, digest)


def _check_sum(path: Path, wanted: str, digest: Digest) -> Iterator[Finding]:
    if not path.is_file():
        yield Finding(
            path=path,
            what=_MISSING,
            got="nothing",
            want="the file that the export wrote",
            remedy=f"copy it back, or {EXPORT_AGAIN}",
        )
    elif (got := digest(path)) != wanted:
        yield Finding(
            path=path,
            what=_CHANGED,
            got=f"sha256 {got[:12]}",
            want=f"sha256 {wanted[:12]}",
            remedy=f"take the delivered file, or {EXPORT_AGAIN}",
        )


def _grouped(findings: list[Finding], home: Path) -> Iterator[Finding]:
    """Yield findings of one folder; more than a few of one kind as one that counts them and names the first."""
    for what in dict.fromkeys(one.what for one in findings):
        alike = [one for one in findings if one.what == what]
        if len(alike) <= _MOST or what not in _MANY:
            yield from alike
            continue
        names = [
            str(one.path.relative_to(home)) if one.path.is_relative_to(home) else str(one.path)
            for one in alike
        ]
        yield Finding(
            path=home,
            what=_MANY[what].format(len(alike)),
            got=some(names),
            want="the files that the export wrote",
            remedy=alike[0].remedy,
        )


def _files(folder: Path) -> list[str]:
    """Return the names of every file under a folder but its SHA256SUMS, sorted, as coreutils write them."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if name != SUMS)


def _line(digest: str, name: str) -> str:
    coded = "".join(_CODES.get(letter, letter) for letter in name)
    mark = "\\" if coded != name else ""
    return f"{mark}{digest}  {coded}\n"


def _read_sums(path: Path) -> dict[str, str]:
    """Return the checksums of SHA256SUMS by name.

    Raises:
        ValueError: a line is none of coreutils', or names a file outside the folder.
    """
    sums: dict[str, str] = {}
    for line in os.fsdecode(path.read_bytes()).split("\n"):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.removesuffix("\r"))
        name = found[3] if found else ""
        if found and found[1]:
            name = re.sub(r"\\[\\nr]", lambda code: _LETTERS[code[0]], name)
        if found is None or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"line {line[:80]!r}")
        sums[name] = found[2].lower()
    return sums
