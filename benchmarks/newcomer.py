"""What a newcomer waits for: a demo from nothing to its products (`python -m benchmarks.newcomer`).

A cold `roofwatch demo` into an empty folder, as `make demo` runs it after installation. It prints
wall seconds by stage itself; below them stand wall and CPU seconds of all its processes.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.commands import run_command


def main() -> None:
    """Run the demo once, and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=2000)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        out = str(Path(folder) / "demo")
        cost = run_command(["demo", "--out", out, "--parcels", str(options.parcels), "--quiet"])
    print(
        f"demo of {options.parcels} parcels: {cost.wall_s:.0f} s wall, {cost.cpu_s:.0f} s CPU, "
        f"{cost.main_mb:.0f} MB main, {cost.worker_mb:.0f} MB worker"
    )


if __name__ == "__main__":
    main()
