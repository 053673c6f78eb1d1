"""An object store on a bad day: asked again, then one line; never other pixels, never a secret."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cities import CityBuilder, Roofwatch
from test_remote import Served, address, expected, fly, folder, served, shown

from imagery.errors import ConfigError
from imagery.flyover import remote_list, remote_reads
from imagery.flyover.gdal_env import GDAL_OPTIONS, HTTP_OPTIONS, set_network
from imagery.flyover.remote_reads import StoreFailed
from roofwatch.config import read_city

__all__ = ["address", "folder", "served"]
PROXY = """\
import sys
from benchmarks.fault_proxy import Proxy, Weather
with Proxy(int(sys.argv[1])) as server:
    server.weather = Weather(fault=sys.argv[2], times=int(sys.argv[3]), part=sys.argv[4])
    print(server.server_port, flush=True)
    server.serve_forever()
"""
"""A process of its own: GDAL may hold the GIL while it waits for an answer."""
ALWAYS = 1_000_000
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "a-very-secret-key",
    "AWS_SESSION_TOKEN": "a-very-secret-token",
}
StartWeather = Callable[[str, int], None]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less than people do."""
    set_network(allowed=True)
    monkeypatch.setattr(remote_reads, "WAITS_S", (0.0, 0.1))
    monkeypatch.setattr(remote_list, "WAITS_S", (0.0,))
    for options in (GDAL_OPTIONS, HTTP_OPTIONS):
        monkeypatch.setitem(options, "GDAL_HTTP_MAX_RETRY", 1)
        monkeypatch.setitem(options, "GDAL_HTTP_RETRY_DELAY", 0.05)
        monkeypatch.setitem(options, "GDAL_HTTP_LOW_SPEED_TIME", 1)


@pytest.fixture
def weather(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartWeather]:
    """Return what puts a proxy with a fault before the store."""
    started: list[subprocess.Popen[str]] = []

    def start(fault: str, times: int) -> None:
        store = served.address.partition(":")[2]
        command = [sys.executable, "-c", PROXY, store, fault, str(times), "x0.tif"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
        )
        started.append(process)
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        monkeypatch.setenv("AWS_S3_ENDPOINT", f"127.0.0.1:{port}")

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("fault", ["503", "500", "reset", "cut", "short"])
def test_what_fails_at_first_gives_the_same_pixels(
    served: Served, weather: StartWeather, fault: str
) -> None:
    """Each request fails once."""
    weather(fault, 1)
    flyover = fly(f"s3://{served.bucket}/year/x0.tif")
    np.testing.assert_array_equal(shown(flyover), expected(served.root))


@pytest.mark.parametrize("fault", ["503", "500", "hang"])
def test_a_store_that_fails_for_good_is_one_line_in_a_limited_time(
    served: Served, weather: StartWeather, fault: str
) -> None:
    """No file is called damaged for it."""
    weather(fault, ALWAYS)
    began = time.monotonic()
    with pytest.raises(StoreFailed, match=r"x0.tif fails \(.*\); see whether it works") as stop:
        fly(f"s3://{served.bucket}/year/x0.tif")
    assert "\n" not in str(stop.value)
    assert stop.value.exit_code == 3
    assert time.monotonic() - began < 30


def test_a_store_that_fails_between_header_and_pixels_ends_the_run(
    served: Served, weather: StartWeather
) -> None:
    """The parcel is not called unreadable."""
    weather("", 0)
    flyover = fly(f"s3://{served.bucket}/year/x0.tif")
    weather("503", ALWAYS)
    with pytest.raises(StoreFailed):
        shown(flyover)


@pytest.fixture
def secrets(served: Served, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Return the credentials that requests are signed with."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    monkeypatch.delenv("AWS_NO_SIGN_REQUEST")
    return tuple(SECRETS.values())


@pytest.fixture
def city(tmp_path: Path, tiny_city: CityBuilder, city_toml: str, served: Served) -> Path:
    """Return a city whose flyover of 2023 is in the store."""
    path = f"s3://{served.bucket}/year/x0.tif"
    return tiny_city(tmp_path, city_toml.replace('"flyover/2023"', f'"{path}"'))


def test_no_secret_is_told(
    city: Path, weather: StartWeather, roofwatch: Roofwatch, secrets: tuple[str, ...]
) -> None:
    """Neither by the line of a failing store nor in the workspace."""
    weather("503", ALWAYS)
    ran = roofwatch("check", city, "--year", 2023, "--quiet")
    assert ran.code == 3
    assert "x0.tif fails" in ran.error
    written = [path.read_bytes() for path in city.parent.rglob("*") if path.is_file()]
    for secret in secrets:
        assert secret not in ran.error
        assert not any(secret.encode() in content for content in written)


@pytest.mark.parametrize("place", ["s3://bucket/work", "/vsis3/bucket/work", "https://h/w"])
def test_a_workspace_on_a_store_is_refused(
    tmp_path: Path, tiny_city: CityBuilder, city_toml: str, place: str
) -> None:
    """The line says what to do instead."""
    text = city_toml.replace('name = "', f'workspace = "{place}"\nname = "', 1)
    lines = [line for line in text.splitlines() if line != 'workspace = "workspace"']
    with pytest.raises(ConfigError, match=r"workspace: got .*, want a folder .*restic"):
        read_city(tiny_city(tmp_path, "\n".join(lines)))
