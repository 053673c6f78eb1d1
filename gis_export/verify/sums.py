"""Checksums of delivered files: SHA256SUMS of each department, and the manifest of the year.

SHA256SUMS is as coreutils write and read it, so that `sha256sum -c SHA256SUMS` in the folder
checks the same without us. It travels with its folder; the manifest stays with the year.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gis_export.log_head import LogHead
from gis_export.verify.audience import FOLDERS
from gis_export.verify.finding import EXPORT_AGAIN, Finding, some
from gis_export.verify.sum_lines import read_sums, sum_line
from imagery.files import atomic_path, sha256_file
from imagery.workspace import YearFiles

SUMS = "SHA256SUMS"
"""Name of the checksums in a department's folder."""
MANIFEST = YearFiles(folder=Path()).report.manifest
"""The manifest, from the year's folder."""

# What Finder and Explorer leave in every folder that they show.
_OF_THE_DESKTOP = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})

_CHANGED = "was changed after the export"
_MISSING = "is missing"
_STRAY = "is not of this export"
_MANY = {
    _CHANGED: "holds {} files that were changed after the export",
    _MISSING: "lacks {} files of the export",
    _STRAY: "holds {} files that are not of this export",
}
# More findings of one kind in one folder become one.
_MOST = 10

# Folders of a year whose files may not change after the export.
_FINISHED = frozenset(FOLDERS) | {MANIFEST.parent.name}

Digest = Callable[[Path], str]


@dataclass(frozen=True, kw_only=True)
class SumCheck:
    """The folder whose checksums are checked."""

    inside: Path
    """The folder, absolute; what is outside it is not asked for."""
    digest: Digest
    """Returns the SHA-256 of a file, read only once."""

    def holds(self, path: Path) -> bool:
        """Return whether a file is in the folder."""
        return path.is_relative_to(self.inside)

    def compare(self, path: Path, wanted: str) -> Iterator[Finding]:
        """Compare a file with the checksum that the export wrote."""
        if not path.is_file():
            yield Finding(
                path=path,
                what=_MISSING,
                got="nothing",
                want="the file that the export wrote",
                remedy=f"copy it back, or {EXPORT_AGAIN}",
            )
            return

        got = self.digest(path)
        if got != wanted:
            yield Finding(
                path=path,
                what=_CHANGED,
                got=f"sha256 {got[:12]}",
                want=f"sha256 {wanted[:12]}",
                remedy=f"take the delivered file, or {EXPORT_AGAIN}",
            )


def write_sums(folder: Path, log: LogHead | None = None) -> None:
    """Write SHA256SUMS of every file under a folder but those of checksums, sorted by name.

    Args:
        folder: The folder.
        log: Head of the audit log that seals its ledger, for a comment in the first line.
    """
    lines = [log.comment] if log else []
    lines += [sum_line(sha256_file(folder / name), name) for name in _files(folder)]
    with atomic_path(folder / SUMS) as temporary:
        temporary.write_bytes(os.fsencode("".join(lines)))


def has_sums(home: Path) -> bool:
    """Return whether a folder holds checksums of what is in it."""
    return (home / SUMS).is_file() or (home / MANIFEST).is_file()


def check_sums(folder: Path, homes: list[Path]) -> Iterator[Finding]:
    """Compare the files under `folder` with the checksums of the export; name each file once.

    Args:
        folder: The folder that is checked.
        homes: Folders in it and above it that hold SHA256SUMS or the manifest.
    """
    check = SumCheck(inside=folder.resolve(), digest=cache(sha256_file))
    named: set[Path] = set()
    for read in (_by_sums, _by_manifest):
        for home in homes:
            found = [each for each in read(home.resolve(), check) if each.path not in named]
            named.update(finding.path for finding in found)

            shown = [_as_given(finding, folder, check) for finding in found]
            yield from _grouped(shown, home if check.holds(home.resolve()) else folder)


def _as_given(finding: Finding, folder: Path, check: SumCheck) -> Finding:
    """Return a finding whose path begins as the caller gave the folder."""
    if not check.holds(finding.path):
        return finding
    return replace(finding, path=folder / finding.path.relative_to(check.inside))


def _by_sums(home: Path, check: SumCheck) -> Iterator[Finding]:
    """Compare the files of `home` with its SHA256SUMS, in both directions."""
    if not (home / SUMS).is_file():
        return

    try:
        listed = read_sums(home / SUMS)
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
        if check.holds(home / name):
            yield from check.compare(home / name, wanted)

    for name in _files(home):
        is_expected = name in listed or Path(name).name in _OF_THE_DESKTOP
        if not is_expected and check.holds(home / name):
            yield Finding(
                path=home / name,
                what=_STRAY,
                got="a file that SHA256SUMS does not list",
                want="only what the export wrote",
                remedy="take it out, or keep it elsewhere",
            )


def _by_manifest(home: Path, check: SumCheck) -> Iterator[Finding]:
    """Compare the products and reports of the year `home` with its manifest."""
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
        if Path(name).parts[0] in _FINISHED and check.holds(home / name):
            yield from check.compare(home / name, wanted)


def _grouped(findings: list[Finding], home: Path) -> Iterator[Finding]:
    """Yield the findings of a folder; many of one kind become one that counts them."""
    kinds = dict.fromkeys(finding.what for finding in findings)
    for what in kinds:
        alike = [finding for finding in findings if finding.what == what]
        if len(alike) <= _MOST or what not in _MANY:
            yield from alike
            continue

        yield Finding(
            path=home,
            what=_MANY[what].format(len(alike)),
            got=some([_name_in(home, finding.path) for finding in alike]),
            want="the files that the export wrote",
            remedy=alike[0].remedy,
        )


def _name_in(home: Path, path: Path) -> str:
    return str(path.relative_to(home) if path.is_relative_to(home) else path)


def _files(folder: Path) -> list[str]:
    """Return the names of all files under a folder but those of checksums, sorted."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if Path(name).name != SUMS)
