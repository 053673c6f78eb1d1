"""Every command but `demo`, once, on a copy of a finished city; as a script it prints exit codes.

The folder holds `city/`, the tiny city after `run --year 2023`.
"""

import json
import os
import sys
from pathlib import Path

from roofwatch.cli import main

CITY = "city/city.toml"
YEAR = (CITY, "--year", "2023")
BY = ("--by", "A. Tester")
CALM = ("--executor", "serial", "--quiet")
OTHER_CITY = "city/other.toml"
FINDINGS = "findings.csv"
NO_DATABASE = "postgresql://nobody@127.0.0.1:9/none"

ARGUMENTS = {
    "check": (*YEAR, "--pixels"),
    "tile": YEAR,
    "train": YEAR,
    "promote": (CITY, "--version", "1", *BY),
    "score": YEAR,
    "drift": YEAR,
    "export": YEAR,
    "run": YEAR,
    "desk": (*YEAR, "--offline", "desk.html"),
    "findings": (CITY, FINDINGS, *BY),
    "plan": YEAR,
    "storm": (*YEAR, "--day", "2023-04-01"),
    "evidence": (*YEAR, "--parcel", "0216 001"),
    "publish": (*YEAR, "--to", NO_DATABASE),
    "audit": (CITY,),
    "verify": ("city/workspace/2023",),
    "snapshot": (CITY,),
    "adopt": (OTHER_CITY, "city/workspace/2023/model", *BY, "--why", "a trial"),
    "init": ("city", "--out", "city/second.toml", "--yes"),
}
"""By command, in the order in which they run."""


def run_every_command() -> dict[str, int]:
    """Run all of them in the present folder; return their exit codes."""
    prepare()
    return {name: main([name, *words, *CALM]) for name, words in ARGUMENTS.items()}


def prepare() -> None:
    """Write what some commands need besides: a file of findings, and a city without a model."""
    Path(FINDINGS).write_text("parcel,visited,open\n0216 001,2023-05-02,0%\n")
    text = Path(CITY).read_text()
    other = text.replace("Tinyville", "Othertown").replace('"workspace"', '"other"')
    Path(OTHER_CITY).write_text(other)
    columns = '\n[looks]\ncolumns = { parcel = "parcel", day = "visited", roof = "open" }\n'
    Path(CITY).write_text(text + columns)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    found = run_every_command()
    Path("codes.json").write_text(json.dumps(found))
