"""Kill commands at random, let disks fill at any size, damage every file: what is left at the end?

    python -m benchmarks.faults --demo DIR --kills 100
    python -m benchmarks.faults --demo DIR --disks
    python -m benchmarks.faults --demo DIR --files

DIR is a finished demo (`roofwatch demo --out DIR --parcels 300`); work is done on copies.

- Kills: commands of all kinds are started and killed with SIGKILL, with their workers, at a random
  moment. Then the year is run once more and compared with one that was left alone: the same ledger,
  the same checksums of products (or the same content, where they print the head of the log, which
  holds times), the same state of dispatch, one delivery as there, a chain that holds, nothing that
  `audit` finds.
- Disks: each stage runs with a largest file size that grows from 400 KB to 60 MB. It must end with
  exit code 3 and one line, and the same command must go on afterwards.
- Files: each file of the workspace is cut short, emptied, or gets a bit flipped; `audit` must name
  it.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pypdf

from imagery.files import sha256_file
from imagery.workspace import Workspace

YEAR = "2024"
COMMANDS = (
    ("run", "--year", YEAR),
    ("check", "--year", YEAR),
    ("tile", "--year", YEAR),
    ("train", "--year", YEAR),
    ("score", "--year", YEAR),
    ("drift", "--year", YEAR),
    ("export", "--year", YEAR),
    ("promote", "--version", "1", "--by", "Ann", "--why", "a drill"),
    ("audit", "--repair"),
)
FRESH = 0.15
"""Share of the kills that begin with an empty workspace: databases and chips are being made."""
DISK_KB = (400, 1_000, 2_500, 6_000, 15_000, 30_000, 60_000)
DELTAS = ("dispatch_", "cad_", "SHA256SUMS")
"""What begins so holds what changed since the last delivery, or its checksum: nothing the second
time. The deliveries themselves are compared."""
OWN = ("check.", "looks.csv", "surprising_labels.csv", "mlflow.db")
"""Files that people fill in, that are written anew each time, or that others write too."""
HEAD = re.compile(rb"\blog [0-9a-f]{16}\b")
"""The head of the audit log on a product."""
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped": lambda content: _flip(content),
    "cut short": lambda content: content[: len(content) * 2 // 3],
    "emptied": lambda _: b"",
}


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR")
    parser.add_argument("--kills", type=int, default=0, metavar="N")
    parser.add_argument("--disks", action="store_true")
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.kills:
        show_kills(options.demo, options.kills, random.Random(options.seed))
    if options.disks:
        show_disks(options.demo)
    if options.files:
        show_files(options.demo)


def show_kills(demo: Path, kills: int, chance: random.Random) -> None:
    """Kill commands, run the year again, and compare."""
    calm = copy_city(demo, "calm")
    shutil.rmtree(workspace_of(calm).folder)
    timed_run(calm)
    wanted = outcome(calm)
    seconds = {command: timed(calm, command) for command in COMMANDS}
    differing = differences(wanted, outcome(calm))
    if differing:
        raise SystemExit(f"the same commands again give other results: {differing}")

    city = copy_city(demo, "killed")
    shutil.rmtree(workspace_of(city).folder)
    killed: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    while killed.total() < kills:
        if chance.random() < FRESH:
            shutil.rmtree(workspace_of(city).folder, ignore_errors=True)
        command = chance.choice(COMMANDS)
        after_s = chance.random() * seconds[command]
        was_killed, error = kill_after(city, command, after_s)
        (killed if was_killed else ended)[command[0]] += 1
        if "Traceback" in error:
            print(f"{command[0]}, killed after {after_s:.1f} s or ended: {error[-600:]}")

    timed_run(city)
    differing = differences(wanted, outcome(city))
    years = [workspace_of(folder).year(int(YEAR)).folder for folder in (calm, city)]
    other_heads = [name for name in differing if differ_in_heads(*(year / name for year in years))]
    audited = start(city, ("audit",)).wait()
    print(f"{killed.total()} killed {dict(killed)}, {ended.total()} ended before {dict(ended)}")
    others = sorted({*differing} - {*other_heads})
    print(f"after one more run: differing {others or 'none'}, audit {audited}")
    print(f"{len(other_heads)} products differ in the head of the log alone, which holds times")


def show_disks(demo: Path) -> None:
    """Run each stage with too little room, then with room."""
    print(f"{'largest file KB':>16} {'stage':8} {'exit':>4} {'then':>4}  line")
    for stage in ("tile", "train", "score", "export"):
        city = copy_city(demo, "full")
        year = workspace_of(city).year(int(YEAR)).folder
        for size_kb in DISK_KB:
            if stage == "tile":
                shutil.rmtree(year / "chips", ignore_errors=True)
            if stage in ("train", "score"):
                (year / "chips" / "features.parquet").unlink(missing_ok=True)
            limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size_kb << 10, -1))
            full = start(city, (stage, "--year", YEAR), before=limit)
            error = full.communicate()[1].strip()
            then = start(city, (stage, "--year", YEAR))
            rest = then.communicate()[1]
            line = error.splitlines()[-1][:110] if error else ""
            print(f"{size_kb:16} {stage:8} {full.returncode:4} {then.returncode:4}  {line}")
            if "Traceback" in error + rest:
                print(error + rest)


def show_files(demo: Path) -> None:
    """Damage one file at a time, and ask `audit`, in this process."""
    from roofwatch.config import read_city
    from roofwatch.damage import find_damage
    from roofwatch.year import City

    city = copy_city(demo, "damaged")
    timed_run(city)
    folder = workspace_of(city).folder
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    picked = {(path.parent, path.suffix): path for path in files if path.stat().st_size}
    silent: list[str] = []
    named: Counter[str] = Counter()
    for path in picked.values():
        if path.name.startswith(".") or any(own in path.name for own in OWN):
            continue
        content = path.read_bytes()
        for how, damage in DAMAGES.items():
            put(path, damage(content))
            found = find_damage(City(file=read_city(city / "city.toml"), quiet=True))
            if found:
                named[how] += 1
            else:
                silent.append(f"{path.relative_to(folder)} {how}")
        put(path, content)
    print(f"{len(files)} files, {len(picked)} tried, named by audit: {dict(named)}")
    print(f"in silence: {silent or 'none'}")


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def put(path: Path, content: bytes) -> None:
    """Replace a file, but not its other names."""
    path.unlink()
    path.write_bytes(content)


def copy_city(demo: Path, name: str) -> Path:
    """Copy a city beside itself; return the folder."""
    folder = demo.with_name(f"{demo.name}_{name}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(demo, folder)
    return folder


def workspace_of(city: Path) -> Workspace:
    """Return the workspace of a city's folder."""
    return Workspace(folder=city / "workspace")


def start(
    city: Path, command: tuple[str, ...], before: Callable[[], None] | None = None
) -> "subprocess.Popen[str]":
    """Start a command on a city, in a session of its own."""
    name, *rest = command
    words = [sys.executable, "-m", "roofwatch.cli", name, str(city / "city.toml"), *rest, "--quiet"]
    return subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=before,
    )


def kill_after(city: Path, command: tuple[str, ...], seconds: float) -> tuple[bool, str]:
    """Kill a command and its workers after some time; return whether it was running, and stderr."""
    process = start(city, command)
    try:
        _, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, error = process.communicate()
    return process.returncode == -signal.SIGKILL, error


def timed_run(city: Path) -> None:
    """Run the year.

    Raises:
        SystemExit: it failed.
    """
    process = start(city, ("run", "--year", YEAR))
    error = process.communicate()[1]
    if process.returncode:
        raise SystemExit(f"run ended with {process.returncode}: {error}")


def timed(city: Path, command: tuple[str, ...]) -> float:
    """Return the seconds that a command takes, whatever it answers."""
    began = time.monotonic()
    start(city, command).communicate()
    return time.monotonic() - began


def differences(wanted: dict[str, object], found: dict[str, object]) -> list[str]:
    """Return the names of what differs."""
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def outcome(city: Path) -> dict[str, object]:
    """Return what a finished year is known by, and the checksum of each product."""
    workspace = workspace_of(city)
    year = workspace.year(int(YEAR))
    manifest = json.loads(year.report.manifest.read_text(encoding="utf-8"))
    folders = ("fire", "housing", "data", "public")
    products = {
        name: manifest[name]
        for name in manifest
        if name.startswith(folders) and not Path(name).name.startswith(DELTAS)
    }
    return {
        "ledger": sha256_file(year.ledger),
        **products,
        "dispatch": workspace.dispatch_state.read_text(encoding="utf-8"),
        "deliveries": {
            str(path.relative_to(workspace.folder)): sha256_file(path)
            for path in sorted(workspace.deliveries.glob("[0-9]*/*"))
        },
        "left over": [str(path) for path in workspace.folder.rglob(".export*")],
    }


def differ_in_heads(one: Path, other: Path) -> bool:
    """Tell whether two products hold the same but for the head of the audit log."""
    return one.is_file() and other.is_file() and without_head(one) == without_head(other)


def without_head(path: Path) -> object:
    """Return what a product holds without the head of the log: of PDFs the text of their pages."""
    if path.suffix == ".pdf":
        texts = [page.extract_text() for page in pypdf.PdfReader(path).pages]
        return [HEAD.sub(b"", text.encode()) for text in texts]
    if path.suffix in (".zip", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            return {name: HEAD.sub(b"", archive.read(name)) for name in archive.namelist()}
    return HEAD.sub(b"", path.read_bytes())


if __name__ == "__main__":
    main()
