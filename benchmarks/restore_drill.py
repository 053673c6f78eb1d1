"""A drill: from last night's backup and an installation medium to the same fire products, alone.

    python -m benchmarks.restore_drill --demo DIR [--medium FOLDER]

DIR is a finished demo (`roofwatch demo --out DIR`); --medium keeps the installation medium for the
next drill, as long as the lock does not change. What is done, with the time of each step:

1. medium: the wheels of requirements.lock with their hashes, and a wheel of this project.
2. backup: the city's folder, encrypted, by restic (a Debian package).
3. From here on without any network (a network namespace with nothing in it), as on a bare machine:
   a new environment from the medium alone, every hash compared.
4. The backup is restored into an empty folder; `roofwatch audit` compares every file.
5. All products of the year are removed and exported again.
6. The checksums of the fire department's products are those that were delivered.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCTS = ("fire", "housing", "data", "public", "export_parts.json")
SUMS = "fire/SHA256SUMS"
DELTAS = ("dispatch_", "cad_")
"""Files that hold what changed since the last delivery: nothing the second time."""
ALONE = ("unshare", "--net", "--map-root-user")
"""Runs a command where not even the loopback interface is up."""


def main() -> None:
    """Do the drill; a step that fails ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR")
    parser.add_argument("--year", default="2024")
    parser.add_argument("--medium", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-") as name:
        drill(options.demo.resolve(), options.year, Path(name), options.medium)


def drill(demo: Path, year: str, place: Path, medium: Path | None) -> None:
    """Do every step below a folder, and compare."""
    wheels = (medium or place / "medium").resolve()
    clock = Clock()
    make_medium(wheels)
    clock.say(f"medium: {len(list(wheels.glob('*.whl')))} wheels, {megabytes(wheels)} MB")
    back_up(demo, place / "backup")
    clock.say(f"backup: {megabytes(demo)} MB in {megabytes(place / 'backup')} MB, encrypted")

    python = install(wheels, place / "venv")
    clock.say("installed without a network")
    city = restore(place / "backup", demo, place / "bare")
    roofwatch(python, "audit", str(city / "city.toml"))
    clock.say("restored, every file as it was")

    year_folder = city / "workspace" / year
    for product in PRODUCTS:
        path = year_folder / product
        path.unlink() if path.is_file() else shutil.rmtree(path)
    roofwatch(python, "export", str(city / "city.toml"), "--year", year)
    clock.say("products exported")

    before = products_of(demo / "workspace" / year / SUMS)
    after = products_of(year_folder / SUMS)
    if before != after:
        raise SystemExit(f"differs from what was delivered: {sorted(before ^ after)}")
    clock.say(f"{len(after)} files of the fire department: the same bytes")


def products_of(sums: Path) -> set[str]:
    """Return the lines of SHA256SUMS, but for what changed since the last delivery."""
    lines = sums.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.split("  ")[-1].startswith(DELTAS)}


class Clock:
    """Says what was done and how long it took."""

    def __init__(self) -> None:
        """Start it."""
        self.began = self.last = time.monotonic()

    def say(self, step: str) -> None:
        """Print a step with its seconds and those of the whole drill."""
        now = time.monotonic()
        print(f"{now - self.last:7.1f} s {now - self.began:7.1f} s  {step}", flush=True)
        self.last = now


def make_medium(wheels: Path) -> None:
    """Download every wheel of the lock that is not there, and build that of this project."""
    with tempfile.TemporaryDirectory() as name:
        # Environments of uv have no pip of their own.
        subprocess.run([sys.executable, "-m", "venv", name], check=True)
        pip = f"{name}/bin/pip"
        lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
        quiet = ["--quiet", "--no-deps"]
        if not (wheels / "requirements.lock").exists():
            subprocess.run([pip, "download", *quiet, "--dest", str(wheels), *lock], check=True)
        subprocess.run([pip, "wheel", *quiet, "--wheel-dir", str(wheels), str(ROOT)], check=True)
    shutil.copy(ROOT / "requirements.lock", wheels)


def back_up(demo: Path, repository: Path) -> None:
    """Back a city's folder up."""
    restic(repository, "init")
    restic(repository, "backup", str(demo))


def install(wheels: Path, environment: Path) -> Path:
    """Make an environment from the medium alone; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [*ALONE, str(environment / "bin" / "pip"), "install", "--quiet", "--no-deps"]
    medium = ["--no-index", "--find-links", str(wheels)]
    lock = ["--require-hashes", "-r", str(wheels / "requirements.lock")]
    subprocess.run([*pip, *medium, *lock], check=True, env=offline())
    (ours,) = wheels.glob("roofwatch-*.whl")
    subprocess.run([*pip, "--no-index", str(ours)], check=True, env=offline())
    return environment / "bin" / "python"


def restore(repository: Path, demo: Path, bare: Path) -> Path:
    """Restore the city into an empty folder; return where it is now."""
    restic(repository, "restore", "latest", "--target", str(bare), alone=True)
    return bare / demo.relative_to("/")


def restic(repository: Path, *words: str, alone: bool = False) -> None:
    """Run restic; a drill's password may be known."""
    before = ALONE if alone else ()
    command = [*before, "restic", "--quiet", "--repo", str(repository), *words]
    subprocess.run(command, check=True, env={**os.environ, "RESTIC_PASSWORD": "a drill"})


def roofwatch(python: Path, *words: str) -> None:
    """Run a command of the new environment, without a network, from a folder without our code."""
    command = [*ALONE, str(python), "-m", "roofwatch.cli", *words, "--quiet"]
    done = subprocess.run(
        command, cwd=python.parent, env=offline(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{words[0]}: exit {done.returncode}: {done.stdout}{done.stderr}")


def offline() -> dict[str, str]:
    """Return an environment without anything that tells Python or pip where else to look."""
    names = ("PYTHONPATH", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL")
    return {name: value for name, value in os.environ.items() if name not in names}


def megabytes(folder: Path) -> int:
    """Return the size of the files in a folder, MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1_000_000


if __name__ == "__main__":
    main()
