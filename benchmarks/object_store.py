"""A flyover and a backup on an S3-compatible store that has a bad day.

    python -m venv /tmp/moto && /tmp/moto/bin/pip install 'moto[server]'
    python -m benchmarks.object_store --demo DIR --server /tmp/moto/bin/moto_server

DIR is a finished demo (`roofwatch demo --out DIR --parcels 300`); work is done on copies. The store
is moto's on this machine, and a proxy before it (benchmarks/fault_proxy.py) makes the weather. The
flyover of 2024 lies there as it was delivered (JPEG 2000), that of 2022 as COGs.

- `check` and `tile` with each fault, at first for a quarter of the requests, lists too, and always
  for all files:
  chips have the bytes of those that were cut from a folder, or the command ends with exit code 3
  and one line, or parcels are not assessed.
- What the commands say and write is searched for the secret key and the session token.
- restic (a Debian package) puts a backup of the city into the store while every upload is broken
  off once, checks it, and restores it: every file is as it was.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rasterio.shutil import copy

from benchmarks.fault_proxy import FAULTS, Proxy, Weather, proxy
from imagery.files import sha256_file
from imagery.workspace import Workspace

YEARS = ("2022", "2024")
BUCKET = "city"
ALWAYS = 1_000_000
ONCE_ONE_IN = 4
"""Share of the requests that fail at first where each fails once."""
SECRETS = ("very-secret-access-key", "very-secret-session-token")
LIMIT_S = 600.0
"""Longest time a command may take."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    """Exit code."""
    wall_s: float
    """Seconds."""
    said: str
    """Stdout."""
    error: str
    """Stderr."""

    def __str__(self) -> str:
        """Return exit code and time."""
        return f"{self.code} {self.wall_s:.1f} s"


def main() -> int:
    """Go through all faults; return 1 where one is not borne."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, required=True, metavar="DIR")
    parser.add_argument("--server", required=True, metavar="PATH", help="moto_server")
    parser.add_argument("--years", nargs="+", choices=YEARS, default=list(YEARS))
    parser.add_argument("--faults", nargs="*", choices=FAULTS, default=list(FAULTS))
    parser.add_argument("--no-backup", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="store-") as name, store(options.server) as port:
        folder = Path(name)
        local = make_local(options.demo, folder / "local", options.years)
        put_flyovers(port, local, options.years)
        with proxy(port) as server:
            bad = try_flyovers(server, local, options.years, options.faults)
            if not options.no_backup:
                bad += try_backup(server, port, local, folder)
    return 1 if bad else 0


@contextmanager
def store(program: str) -> Iterator[int]:
    """Run an object store; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    command = [program, "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until somebody listens.

    Raises:
        SystemExit: nobody does.
    """
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the store does not start")


def make_local(demo: Path, city: Path, years: list[str]) -> Path:
    """Copy a city, make COGs of 2022, and cut chips from folders."""
    shutil.copytree(demo, city)
    for path in sorted((city / "flyover" / "2022").glob("*.tif")):
        cog = path.with_suffix(".cog")
        copy(path, cog, driver="COG", COMPRESS="DEFLATE", BLOCKSIZE=256)
        cog.replace(path)
    for year in years:
        shutil.rmtree(chips_of(city, year))
        ended = roofwatch("tile", city, year, {})
        if ended.code:
            raise SystemExit(f"tile of a folder: exit {ended.code}: {ended.error}")
    return city


def chips_of(city: Path, year: str) -> Path:
    """Return the folder of chips."""
    return Workspace(folder=city / "workspace").year(int(year)).chips.folder


def put_flyovers(port: int, city: Path, years: list[str]) -> None:
    """Put flyovers into the bucket."""
    put(port, BUCKET, b"")
    for year in years:
        for path in sorted((city / "flyover" / year).iterdir()):
            put(port, f"{BUCKET}/{year}/{path.name}", path.read_bytes())


def put(port: int, key: str, content: bytes) -> None:
    """Put an object."""
    signed = "AWS4-HMAC-SHA256 Credential=AKIA/20240101/us-east-1/s3/aws4_request"
    headers = {"Content-Type": "application/octet-stream", "Authorization": signed}
    address = f"http://127.0.0.1:{port}/{key}"
    request = urllib.request.Request(address, data=content, method="PUT", headers=headers)
    urllib.request.urlopen(request, timeout=30).close()


def credentials(server: Proxy) -> dict[str, str]:
    """Return how commands reach the store through the proxy."""
    return {
        "AWS_S3_ENDPOINT": f"127.0.0.1:{server.server_port}",
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRETS[0],
        "AWS_SESSION_TOKEN": SECRETS[1],
        "AWS_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def roofwatch(stage: str, city: Path, year: str, environment: dict[str, str]) -> Ended:
    """Run a command."""
    words = [stage, str(city / "city.toml"), "--year", year, "--quiet", "--executor", "serial"]
    began = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "roofwatch.cli", *words],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return Ended(code=-1, wall_s=LIMIT_S, said="", error="no end in sight")
    wall_s = time.monotonic() - began
    return Ended(code=done.returncode, wall_s=wall_s, said=done.stdout, error=done.stderr)


def try_flyovers(server: Proxy, local: Path, years: list[str], faults: list[str]) -> int:
    """Check and cut in every weather; return how often something is wrong."""
    bad = 0
    for year in years:
        for fault in ("", *faults):
            for times in (1, ALWAYS) if fault else (1,):
                one_in = 1 if times == ALWAYS else ONCE_ONE_IN
                part = f"/{year}/{year}_" if times == ALWAYS else f"/{BUCKET}/"
                server.weather = Weather(fault=fault, part=part, times=times, one_in=one_in)
                bad += try_flyover(server, local, year)
    return bad


def try_flyover(server: Proxy, local: Path, year: str) -> int:
    """Check and cut once; print a line, and return how many things are wrong."""
    city = local.with_name("remote")
    shutil.rmtree(city, ignore_errors=True)
    shutil.copytree(local, city)
    shutil.rmtree(chips_of(city, year))
    text = (city / "city.toml").read_text(encoding="utf-8")
    text = text.replace(f'"flyover/{year}"', f'"s3://{BUCKET}/{year}/"')
    (city / "city.toml").write_text(text, encoding="utf-8")

    checked = roofwatch("check", city, year, credentials(server))
    tiled = roofwatch("tile", city, year, credentials(server))
    found = [name for name in SECRETS if is_leaked(name, city, checked, tiled)]
    outcome = judge(tiled, chips_of(local, year), chips_of(city, year))
    say(year, server.weather, f"check {checked}, tile {tiled}: {outcome}; leaked: {found or None}")
    for ended in (checked, tiled):
        if ended.error:
            print(f"      {ended.error.strip()[:300]}", flush=True)
    lines = checked.error.count("\n") > 1 or tiled.error.count("\n") > 1
    return int(outcome.startswith("OTHER")) + len(found) + int(lines)


def say(year: str, weather: Weather, outcome: str) -> None:
    """Print what came of one weather."""
    often = "always" if weather.times == ALWAYS else "at first"
    print(
        f"{year} {weather.fault or 'calm':6} {often:9} {outcome}; {weather.asked} requests, "
        f"{weather.struck.total()} struck, {weather.bytes_out / 1e6:.1f} MB",
        flush=True,
    )


def judge(tiled: Ended, wanted: Path, found: Path) -> str:
    """Say what became of the chips."""
    if tiled.code == 3:
        return "refused"
    if tiled.code:
        return f"OTHER exit code {tiled.code}"
    names = [path.name for path in sorted(wanted.glob("shard_*.bin"))]
    if [path.name for path in sorted(found.glob("shard_*.bin"))] == names and all(
        (found / name).read_bytes() == (wanted / name).read_bytes() for name in names
    ):
        return "same bytes"
    lines = [line.strip() for line in tiled.said.splitlines() if "unreadable_tile" in line]
    return f"not assessed: {lines[0]}" if lines else "OTHER BYTES"


def is_leaked(secret: str, city: Path, *ended: Ended) -> bool:
    """Tell whether a secret is in what commands said or wrote."""
    if any(secret in one.said + one.error for one in ended):
        return True
    files = (path for path in (city / "workspace").rglob("*") if path.is_file())
    return any(secret.encode() in path.read_bytes() for path in files)


def try_backup(server: Proxy, port: int, local: Path, folder: Path) -> int:
    """Back a city up while uploads break off, check, restore, compare; return what is wrong."""
    put(port, "backup", b"")
    address = f"s3:http://127.0.0.1:{server.server_port}/backup"
    environment = os.environ | credentials(server) | {"RESTIC_PASSWORD": "a drill"}
    server.weather = Weather(fault="reset", methods=("PUT",), part="/backup/")
    began = time.monotonic()
    target = folder / "restored"
    steps = (("init",), ("backup", str(local)), ("check",))
    for words in (*steps, ("restore", "latest", "--target", str(target))):
        command = ["restic", "--quiet", "--no-cache", "--repo", address, *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"restic {words[0]}: exit {done.returncode}: {done.stderr.strip()[-300:]}")
            return 1
    same = all_sums(local) == all_sums(target / local.relative_to("/"))
    print(
        f"backup, checked and restored in {time.monotonic() - began:.1f} s, "
        f"{server.weather.struck.total()} uploads broken off: {'same' if same else 'OTHER'} files"
    )
    return 0 if same else 1


def all_sums(folder: Path) -> dict[str, str]:
    """Return the checksum of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256_file(path) for path in files}


if __name__ == "__main__":
    sys.exit(main())
