"""Damaged files of every kind a city hands in: no crash, no hang over 10 s, no memory over 2 GB.

    python -m benchmarks.fuzz [--seconds 60] [--seed 0] [--kinds toml csv ...]
        [--corpus tests/corpus] [--replay] [--bad DIR] [--keep DIR]

Valid files of our own writers and those of the corpus are damaged, one at a time, and a small city
with the damaged file is read by `check`, `check --pixels` or `findings`. Each case runs in a fork
of a process that has imported everything, in a session of its own. It is bad when a signal ends it,
when it prints a traceback, blames the system or ends with an exit code that README does not name,
when it needs more of one core or more memory, or has not ended after a minute. A case whose message
is new is damaged further. The seed fixes every choice but for how many cases the time allows.
"""

import argparse
import contextlib
import ctypes
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from benchmarks.fuzz_cases import Case, Outcome, Tally, read_corpus, save
from benchmarks.fuzz_mutations import mutate
from benchmarks.fuzz_seeds import KINDS, place, write_city, write_seeds

KILL_S = 60.0
"""Seconds after which it is ended, whatever else this machine has to do."""
IMPORTED = (
    "cv2",
    "fiona",
    "openpyxl",
    "pyarrow.parquet",
    "pyogrio",
    "rasterio",
    "roofwatch.cli",
    "roofwatch.stages.check",
    "roofwatch.stages.findings",
    "roofwatch.stages.tile",
)
"""What every fork has at hand."""
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2)."""


class Runner:
    """Runs cases on copies of the small city."""

    def __init__(self, folder: Path) -> None:
        """Write the city, and load what every case needs."""
        self.folder = folder
        self.city = folder / "city"
        write_city(self.city)
        for name in IMPORTED:
            import_module(name)
        # What a fork leaves behind becomes a child of this process, which can measure it.
        ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)

    def warm_up(self, case: Case) -> None:
        """Read a valid file, and import what that took.

        Raises:
            RuntimeError: it is not read, so that nothing behind the first error would be tried.
        """
        outcome = self.run(case)
        if outcome.code != 0:
            raise RuntimeError(f"a valid {case.kind} is not read: {outcome.said}")
        for name in (self.folder / "modules").read_text().split():
            with contextlib.suppress(ImportError):
                import_module(name)

    def run(self, case: Case) -> Outcome:
        """Run a case."""
        kind = KINDS[case.kind]
        here = self.folder / "case"
        said = self.folder / "said"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(self.city, here)
        place(kind, here, case.content)

        child = os.fork()
        if child == 0:
            _run_command(kind.command, here, said)
        return _wait(child, said)


def _run_command(words: tuple[str, ...], here: Path, said: Path) -> None:
    """Run a command line in a fork, which ends with its exit code."""
    code = 1
    try:
        os.setsid()
        output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(here)
        code = import_module("roofwatch.cli").main(list(words))
        (here.parent / "modules").write_text("\n".join(sys.modules))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _wait(child: int, said: Path) -> Outcome:
    """Wait for a fork, and end it with all that it started."""
    until = time.monotonic() + KILL_S
    is_ended = False
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > until:
            is_ended = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.002)

    usages = [usage]
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.killpg(child, signal.SIGKILL)
        while True:
            usages.append(os.wait4(-child, 0)[2])
    return Outcome(
        code=os.waitstatus_to_exitcode(status),
        seconds=KILL_S if is_ended else sum(each.ru_utime + each.ru_stime for each in usages),
        peak_mb=max(each.ru_maxrss for each in usages) / 1024,
        said=said.read_text(errors="replace"),
    )


def main() -> int:
    """Fuzz for a while; return 1 when a case is bad."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=sorted(KINDS))
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpus"))
    parser.add_argument("--bad", type=Path, default=None, help="folder for bad cases")
    parser.add_argument("--keep", type=Path, default=None, help="folder for new messages")
    parser.add_argument("--replay", action="store_true", help="read the corpus as it is, once")
    options = parser.parse_args()

    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        tally = replay(Path(folder), options) if options.replay else fuzz(Path(folder), options)
    print("\n".join(tally.lines()))
    return 1 if tally.bad else 0


def fuzz(folder: Path, options: argparse.Namespace) -> Tally:
    """Damage and read files until the time is over."""
    dice = random.Random(options.seed)
    tally = Tally()
    pools = write_seeds(folder / "seeds")
    for case in read_corpus(options.corpus):
        pools[case.kind].append(case.content)
    runner = Runner(folder)
    for kind in options.kinds:
        runner.warm_up(Case(kind=kind, content=pools[kind][0]))
    end = time.monotonic() + options.seconds

    while time.monotonic() < end:
        kind = dice.choice(options.kinds)
        case = Case(kind=kind, content=mutate(dice, dice.choice(pools[kind]), kind))
        outcome = runner.run(case)
        if tally.add(case, outcome) and not outcome.fault:
            pools[kind].append(case.content)
            save(options.keep, case, tally.cases.total())
        if outcome.fault:
            tally.bad.append(f"{kind} {outcome.fault}")
            save(options.bad, case, tally.cases.total())
            print(f"{kind}: {outcome.fault}", flush=True)
    return tally


def replay(folder: Path, options: argparse.Namespace) -> Tally:
    """Read every file of the corpus."""
    tally = Tally()
    runner = Runner(folder)
    for case in read_corpus(options.corpus):
        outcome = runner.run(case)
        tally.add(case, outcome)
        if outcome.fault:
            tally.bad.append(f"{case.kind} {outcome.fault}")
    return tally


if __name__ == "__main__":
    sys.exit(main())
