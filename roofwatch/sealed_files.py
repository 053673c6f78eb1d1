"""The files of a year that are sealed: what is compared, when, and what becomes of a broken one.

What can be made anew is, from the imagery and with a word about it. What cannot is refused.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gis_export.verify.finding import Finding
from imagery.errors import TamperedFile
from imagery.files import sha256_file
from imagery.workspace import NETWORKS, SOURCES, Workspace
from roofwatch.city_services import find_snapshots
from roofwatch.console import warn
from roofwatch.seal import LEDGER, Seals, read_seals, trusted_seals, write_seals

if TYPE_CHECKING:
    from roofwatch.year import City, CityYear

SHARDS = "chips/shard_*"
WORKSPACE = "workspace"
"""Subject of the files that belong to no year."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Files that one stage makes together."""

    stage: str
    """The command that makes them."""
    names: tuple[str, ...]
    """Patterns, from the folder of the year; a folder is sealed as one."""
    along: tuple[str, ...] = ()
    """Patterns of files that are made anew with them."""


CHIPS = Group(stage="tile", names=("chips/manifest.parquet", "registration.json"), along=(SHARDS,))
FEATURES = Group(stage="score", names=("chips/features*.parquet", "chips/flyover_stats.json"))
TRAINED = Group(
    stage="train",
    names=(
        "report/evaluation.*",
        "report/*.png",
        "report/out_of_fold.parquet",
        "report/surprising_labels.csv",
        "report/heads",
        "model",
    ),
)
SCORED = Group(
    stage="score",
    names=(
        "ledger.csv",
        "report/roll.parquet",
        "report/before.parquet",
        "report/looked.json",
        "report/model.json",
        "report/model_evaluation.json",
        "explain",
    ),
)
DRIFT = Group(stage="drift", names=("report/drift.*",))
RESULTS = (TRAINED, SCORED, DRIFT)
"""What products are made from, beside the ledger."""
REACH_CHIPS = Group(
    stage="tile", names=("reach/chips/manifest.parquet",), along=("reach/chips/shard_*",)
)
REACH_FEATURES = Group(stage="score", names=("reach/chips/features*.parquet",))
REACH = Group(stage="score", names=("reach/reach.*",))
LEFT_CHIPS = Group(
    stage="train", names=("left_chips/manifest.parquet",), along=("left_chips/shard_*",)
)
LEFT_FEATURES = Group(stage="train", names=("left_chips/features*.parquet",))
LEFT = (LEFT_CHIPS, LEFT_FEATURES)
"""Of labeled parcels that have left the roll."""
GROUPS = (CHIPS, FEATURES, *RESULTS, REACH_CHIPS, REACH_FEATURES, REACH, *LEFT)


def seal(year: "CityYear", group: Group) -> None:
    """Write the checksums of a group into the audit log."""
    folder = year.files.folder
    files = [path for pattern in group.names for path in folder.glob(pattern)]
    sums = {path.relative_to(folder).as_posix(): sum_of(path) for path in sorted(files)}
    if sums:
        write_seals(year.city.workspace.audit, str(year.year), sums)


def seal_deliveries(city: "City") -> None:
    """Write the checksums of what dispatch holds, and of the last delivery, into the audit log."""
    workspace = city.workspace
    deliveries = sorted(workspace.deliveries.glob("[0-9]*/"))
    files = [workspace.dispatch_state, workspace.dispatch_log]
    for last in deliveries[-1:]:
        files += sorted(last.glob("*.csv"))

    there = [path for path in files if path.exists()]
    sums = {path.relative_to(workspace.folder).as_posix(): sum_of(path) for path in there}
    write_seals(workspace.audit, WORKSPACE, sums)


def seal_snapshot(city: "City", path: Path, written: Path) -> None:
    """Write the checksum of a snapshot into the audit log.

    Args:
        city: The city.
        path: Where the snapshot will be.
        written: Where it has been written.
    """
    name = path.relative_to(city.workspace.folder).as_posix()
    write_seals(city.workspace.audit, WORKSPACE, {name: sha256_file(written)})


def check_snapshots(city: "City") -> None:
    """Compare the snapshots from which the city's layers are read with their seals.

    Raises:
        TamperedFile: one is another file.
        TamperedLog: a line of the log does not follow from the line before it.
    """
    folder = city.workspace.folder
    snapshots = find_snapshots(city.file)
    seals = trusted_seals(city.workspace.audit) if snapshots else {}
    for snapshot in snapshots:
        # A later one that is damaged is not found, and must not be passed over.
        later = (snapshot.path.parents[1]).glob(f"*/{snapshot.path.name}")
        for path in sorted(path for path in later if path.parent.name >= snapshot.day):
            wanted = seals.get((WORKSPACE, path.relative_to(folder).as_posix()))
            if wanted is not None and sum_of(path) != wanted:
                raise TamperedFile(
                    f"{path}: it is not the file that snapshot wrote, which audit.csv seals; "
                    "put it back from a backup, or run roofwatch snapshot again"
                )


def drop_broken(year: "CityYear", group: Group) -> None:
    """Remove the files of a group, all of them, where one is not as it was sealed.

    The stage that is about to begin makes them anew.

    Raises:
        TamperedLog: a line of the log does not follow from the line before it.
    """
    broken = broken_files(year, group)
    if not broken:
        return

    folder = year.files.folder
    for pattern in (*group.names, *group.along):
        for path in folder.glob(pattern):
            path.unlink()  # no group of these has a folder
    names = ", ".join(path.relative_to(folder).as_posix() for path in broken)
    year.city.log("repair", f"{year.year}: {names} not as sealed; made anew by {group.stage}")
    warn(f"roofwatch: note: {year.year}: {names} not as audit.csv seals it; made anew")


def check_results(year: "CityYear", groups: tuple[Group, ...]) -> None:
    """Compare the files of groups of a year with their seals.

    Raises:
        TamperedFile: a file is another one.
        TamperedLog: a line of the log does not follow from the line before it.
    """
    seals = trusted_seals(year.city.workspace.audit)
    for group in groups:
        for path in _broken(year, group, seals)[:1]:
            raise TamperedFile(
                f"{path}: it is not the file that {group.stage} wrote, which audit.csv seals; "
                f"put it back from a backup, or {group.stage} {year.year} again"
            )


def broken_files(year: "CityYear", group: Group) -> list[Path]:
    """Return the files of a group that are not as they were sealed; one that is gone is not."""
    return _broken(year, group, trusted_seals(year.city.workspace.audit))


def _broken(year: "CityYear", group: Group, seals: Seals) -> list[Path]:
    folder = year.files.folder
    broken = []
    for pattern in group.names:
        for path in sorted(folder.glob(pattern)):
            wanted = seals.get((str(year.year), path.relative_to(folder).as_posix()))
            if wanted is not None and sum_of(path) != wanted:
                broken.append(path)
    return broken


def sum_of(path: Path) -> str:
    """Return the sha256 of a file, read once in a run as long as it does not change.

    Of a folder it is that of the lines that `sha256sum` would print of its files, sorted by name.
    """
    if path.is_dir():
        files = sorted(inside for inside in path.rglob("*") if inside.is_file())
        lines = [f"{sum_of(inside)}  {inside.relative_to(path).as_posix()}\n" for inside in files]
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    stat = path.stat()
    return _sum_of(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@cache
def _sum_of(path: Path, _modified: int, _size: int, _inode: int) -> str:
    return sha256_file(path)


def broken_seals(folder: Path) -> list[Finding]:
    """Return a finding for each sealed file that is not the one that was sealed.

    Args:
        folder: A workspace, the folder of a year, or a folder in it.
    """
    findings = []
    for workspace in _workspaces(folder.resolve()):
        for (subject, name), wanted in read_seals(workspace.audit).items():
            home = home_of(workspace, subject)
            if home is None or not _touch(folder.resolve(), home):
                continue
            path = home / name
            if path.exists() and (got := sum_of(path)) != wanted:
                findings.append(_finding(path, subject, name, got=got, want=wanted))
    return findings


def intact_files(workspace: Workspace) -> frozenset[Path]:
    """Return the files that are as they were sealed last, also in folders; absolute."""
    found = set()
    for (subject, name), wanted in read_seals(workspace.audit).items():
        home = home_of(workspace, subject)
        path = home / name if home else None
        if path and path.exists() and sum_of(path) == wanted:
            found |= {inside.resolve() for inside in (path, *path.rglob("*")) if inside.is_file()}
    return frozenset(found)


def home_of(workspace: Workspace, subject: str) -> Path | None:
    """Return the folder that names of a subject start from; None for a model."""
    if subject == WORKSPACE:
        return workspace.folder
    return workspace.folder / subject if subject.isdecimal() else None


def _finding(path: Path, subject: str, name: str, *, got: str, want: str) -> Finding:
    what = "is not the file that was sealed"
    if name == LEDGER:
        what = "is not the ledger that score wrote; products were not compared with it"
    stage = stage_of(name)
    again = f", or {stage} {subject} again" if stage else ""
    if subject == WORKSPACE and name.startswith(f"{SOURCES}/"):
        again = ", or run roofwatch snapshot again"
    if subject == WORKSPACE and name.startswith(f"{NETWORKS}/"):
        again = ", or remove it: it is made anew when it is wanted"
    return Finding(
        path=path,
        what=what,
        got=f"sha256 {got[:12]}",
        want=f"sha256 {want[:12]}, as audit.csv seals it",
        remedy=f"put it back from a backup{again}",
    )


def stage_of(name: str) -> str:
    """Return the command that makes a file of a year anew, "" for none."""
    if name == LEDGER:
        return "score"
    for group in GROUPS:
        if any(Path(name).match(pattern) for pattern in group.names):
            return group.stage
    return ""


def _workspaces(folder: Path) -> list[Workspace]:
    """Return the workspace that a folder is or lies in, as far as it has an audit log."""
    places = [Workspace(folder=place) for place in (folder, *folder.parents[:3])]
    return [place for place in places if place.audit.is_file()][:1]


def _touch(folder: Path, other: Path) -> bool:
    """Tell whether one of two folders lies in the other."""
    return folder.is_relative_to(other) or other.is_relative_to(folder)
