"""The hosts of a benchmark: they reach a shared folder, and are removed at the end."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from benchmarks import host_network
from benchmarks.host_network import OFFICE, network, refuse_other_machines, share, start_with_share


def may_make_hosts() -> bool:
    """Tell whether the system lets us, and no other run is at it."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("tc") is None:
        return False
    said = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False)
    if said.returncode or "threehosts" in said.stdout:
        return False
    made = subprocess.run(["ip", "netns", "add", "threetest"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", "threetest"], capture_output=True, check=False)
    return made.returncode == 0


needs_hosts = pytest.mark.skipif(not may_make_hosts(), reason="needs root, ip and tc")


def spaces() -> str:
    """Return the network namespaces of this machine."""
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout


@needs_hosts
@pytest.mark.xdist_group("hosts")
def test_hosts_are_removed_also_when_work_fails() -> None:
    """Namespaces, links and processes are gone."""

    def fail() -> None:
        with network(("one",)) as hosts:
            sleeper = hosts["one"].start("sleep", "60")
            assert "threehosts-one" in spaces()
            try:
                raise ZeroDivisionError
            finally:
                pids.append(sleeper)

    pids: list[subprocess.Popen[str]] = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert "threehosts" not in spaces()
    assert not Path("/sys/class/net/th-bridge").exists()
    assert pids[0].wait(timeout=5) != 0


@needs_hosts
@pytest.mark.skipif(shutil.which("sshfs") is None, reason="needs sshfs")
@pytest.mark.xdist_group("hosts")
def test_a_host_writes_into_the_shared_folder_over_its_link(tmp_path: Path) -> None:
    """What it writes there is in the office, and its bytes are counted on the link."""
    shared = tmp_path / "shared"
    shared.mkdir()
    log = tmp_path / "log"
    write = (
        f"head -c 300000 /dev/zero > {shared}/zeros.part && mv {shared}/zeros.part {shared}/zeros"
    )
    with network(("one",)) as hosts:
        share(hosts[OFFICE], log)
        time.sleep(0.5)
        start_with_share(hosts["one"], hosts[OFFICE], shared, ("sh", "-c", write), log)
        limit = time.monotonic() + 10
        while not (shared / "zeros").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        assert (shared / "zeros").stat().st_size == 300_000, log.read_text()
        assert hosts["one"].moved_bytes > 300_000


def test_a_missing_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named with the package that has it."""
    monkeypatch.setattr(host_network, "NEEDED", ("ip", "no-such-program"))
    with pytest.raises(SystemExit, match=r"not found: .*no-such-program.*; apt install iproute2"):
        refuse_other_machines()
