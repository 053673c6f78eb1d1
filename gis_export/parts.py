"""Make the parts of an export: in several processes, and only those that have changed.

A part that is made from the same as at the last export is taken from it, file by file, as long as
no file was changed or lost since. So a finding costs the parts that show it, and an export of the
same takes little more than its checks.
"""

import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from gis_export.digest import digest
from gis_export.fire.dispatch.handover import VENDOR_FILES
from gis_export.formats.spreadsheets import write_spreadsheets
from gis_export.job import ExportJob
from gis_export.part_record import (
    NO_FILES,
    LastFiles,
    MadePart,
    Told,
    describe,
    move_in,
    read_record,
    take,
)
from gis_export.part_table import BY_NAME, PARTS
from gis_export.staging import FOLDERS
from gis_export.stamps import Stamps, code_stamp
from imagery.files import sha256_file

_PARTS = ".parts"
_NOTHING: Mapping[str, Told] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class PartTask:
    """A part to be made, here or in another process."""

    name: str
    """Name of the part."""
    key: str
    """Checksum of what it is made from."""
    job: ExportJob
    """What it is made from."""
    folder: Path
    """Where to write."""
    last: LastFiles = NO_FILES
    """What it left at the last export."""

    @property
    def is_long(self) -> bool:
        """Tell whether it is worth another process."""
        return BY_NAME[self.name].is_long

    def is_ready(self, done: Mapping[str, MadePart]) -> bool:
        """Tell whether the parts that it reads are done."""
        return all(name in done for name in BY_NAME[self.name].after)


PartRunner = Callable[[Callable[[PartTask], MadePart], Sequence[PartTask]], Iterator[MadePart]]
"""Makes parts in any order, and yields them as they are done."""


def silent(step: str) -> None:
    """Say nothing of a step."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """How an export goes on."""

    tell: Callable[[str], None] = silent
    """Hears the name of each part that is done, and of the steps around them as they begin."""
    run: PartRunner | None = None
    """Makes the long parts in other processes; None makes them here, one by one."""


def write_parts(job: ExportJob, staging: Path, out: Path, course: Course) -> list[MadePart]:
    """Write every part into the folders of `staging`.

    Args:
        job: What they are made from.
        staging: Folder of the departments' folders.
        out: The year's folder, with the last export or without.
        course: What makes them, and who hears of it.

    Returns:
        What was made or taken.
    """
    done: dict[str, MadePart] = {}
    waiting: list[PartTask] = []
    stamps = Stamps(job)
    last = read_record(out)
    for part in PARTS:
        key = stamps.key(part.needs) if part.needs else ""
        before = last.get(part.name)
        if before and take(before, key, out, staging):
            done[part.name] = before
            course.tell(part.name)
        else:
            folder = staging / _PARTS / part.name
            left = LastFiles(folder=out, sums=before.files) if before else NO_FILES
            task = PartTask(name=part.name, key=key, job=job, folder=folder, last=left)
            waiting.append(task)

    for made in _make_all(waiting, staging, done, run=course.run):
        done[made.name] = made
        course.tell(made.name)
    return [*done.values(), *_write_spreadsheets(job, staging, out, last)]


def _make_all(
    waiting: Sequence[PartTask],
    staging: Path,
    done: Mapping[str, MadePart],
    *,
    run: PartRunner | None,
) -> Iterator[MadePart]:
    """Make parts; short ones are made here, while other processes make the long ones.

    Args:
        waiting: The parts.
        staging: Where their files are moved to.
        done: Grows with every part that was yielded.
        run: Makes the long ones.
    """
    short = [task for task in waiting if not task.is_long]
    long = [task for task in waiting if task.is_long]
    # Closed at once when a part fails: nobody writes any more when the folder is removed.
    with closing(_make_long(long, run=run)) as made_elsewhere:
        for made in made_elsewhere:
            move_in(made, staging / _PARTS / made.name, staging)
            yield made

            ready = [task for task in short if task.is_ready(done)]
            short = [task for task in short if task not in ready]
            yield from _make_short(ready, staging, done)
    yield from _make_short(short, staging, done)


def _make_long(
    tasks: Sequence[PartTask], *, run: PartRunner | None
) -> Generator[MadePart, None, None]:
    if run is None:
        yield from map(make_part, tasks)
        return

    yield from run(make_part, [replace(task, job=task.job.apart) for task in tasks])


def _make_short(
    tasks: Sequence[PartTask], staging: Path, done: Mapping[str, MadePart]
) -> Iterator[MadePart]:
    for task in tasks:
        told = {name: made.told for name, made in done.items()}
        made = make_part(task, read=staging, told=told)
        move_in(made, task.folder, staging)
        yield made


def make_part(
    task: PartTask, *, read: Path | None = None, told: Mapping[str, Told] = _NOTHING
) -> MadePart:
    """Make a part, in any process.

    Args:
        task: Which one, from what, and where.
        read: Folder with what was made before; None for a part that reads none of it.
        told: What those parts told.
    """
    # Where nothing has changed, the libraries of the products are not loaded.
    from gis_export.part_writers import MAKERS, Finished

    # A worker that died may have left a part of it.
    shutil.rmtree(task.folder, ignore_errors=True)
    task.folder.mkdir(parents=True)
    finished = Finished(folder=read or task.folder, told=told, last=task.last)
    answer = MAKERS[task.name](task.job, task.folder, finished)
    return describe(task.name, task.key, task.folder, told=answer)


def _write_spreadsheets(
    job: ExportJob, staging: Path, out: Path, last: Mapping[str, MadePart]
) -> Iterator[MadePart]:
    """Write or take the workbooks beside the CSVs of each department."""
    for department in FOLDERS:
        name = f"spreadsheets of {department}"
        tables = sorted((staging / department).glob("*.csv"))
        sums = [(path.name, sha256_file(path)) for path in tables]
        key = digest(code_stamp(), job.inputs.today, sums)
        before = last.get(name)
        if before and take(before, key, out, staging):
            yield before
            continue

        written = write_spreadsheets(
            staging / department, today=job.inputs.today, without=VENDOR_FILES
        )
        files = {path.relative_to(staging).as_posix(): sha256_file(path) for path in written}
        yield MadePart(name=name, key=key, files=files, folders=())
