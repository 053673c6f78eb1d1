"""Hosts on one machine: network namespaces on a bridge, a shared folder over it, a slow disk.

Every host reaches the shared folder over its own link (sshfs, without the ssh), at the same path as
the office, which holds it. A link that is cut takes the folder with it, as it would in a city hall.
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

OFFICE = "office"
NEEDED = ("ip", "tc", "sshfs", "losetup", "mkfs.ext4")
"""Programs: iproute2, sshfs, mount and e2fsprogs of Debian."""
SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")
"""Of openssh-sftp-server: it serves the files, to the other end of a socket."""
SFTP_PORT = 9022
SERVER = """\
import socket, subprocess, sys
address, port, *command = sys.argv[1:]
with socket.create_server((address, int(port))) as server:
    while True:
        line, _ = server.accept()
        with line:
            subprocess.Popen(command, stdin=line, stdout=line)
"""
"""Gives everybody who asks a server of files; the hosts' network ends at the bridge."""
THROTTLE = Path("/sys/fs/cgroup/blkio")
"""Where cgroups version 1 slow a device down."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Host:
    """A network namespace with one link to the bridge."""

    name: str
    """Its name, and the end of that of its namespace and its link."""
    number: int
    """Last number of its address."""
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)
    """What was started on it."""

    @property
    def space(self) -> str:
        """Name of its namespace."""
        return f"threehosts-{self.name}"

    @property
    def link(self) -> str:
        """The bridge's end of its link."""
        return f"th-{self.name}"

    @property
    def address(self) -> str:
        """Address in the hosts' own network."""
        return f"10.77.0.{self.number}"

    def start(self, *words: str, log: Path | None = None) -> "subprocess.Popen[str]":
        """Start a program on it, in a session of its own."""
        command = ["ip", "netns", "exec", self.space, *words]
        with (log or Path(os.devnull)).open("a") as stream:
            errors = subprocess.PIPE if log is None else stream
            process = subprocess.Popen(
                command, stdout=stream, stderr=errors, text=True, start_new_session=True
            )
        self.started.append(process)
        return process

    def processes(self) -> list[int]:
        """Return the ids of all processes on it."""
        said = subprocess.run(
            ["ip", "netns", "pids", self.space], capture_output=True, text=True, check=False
        )
        return [int(number) for number in said.stdout.split()]

    def set_link(self, state: str) -> None:
        """Set its link "up" or "down"."""
        call("ip", "link", "set", self.link, state)

    def slow_link(self, megabit: int) -> None:
        """Let its link pass no more than this in each direction."""
        shape = ("root", "tbf", "rate", f"{megabit}mbit", "burst", "64kb", "latency", "400ms")
        call("tc", "qdisc", "replace", "dev", self.link, *shape)
        inside = ("ip", "netns", "exec", self.space)
        call(*inside, "tc", "qdisc", "replace", "dev", "eth0", *shape)

    def lose_power(self) -> None:
        """End all at once, so that nobody gets a goodbye."""
        self.set_link("down")
        self.stop()

    def stop(self) -> None:
        """Kill every process on it."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for started in self.started:
            started.communicate()
        self.started.clear()

    @property
    def moved_bytes(self) -> int:
        """Bytes that its link has passed, both directions."""
        counts = Path("/sys/class/net") / self.link / "statistics"
        return sum(int((counts / name).read_text()) for name in ("rx_bytes", "tx_bytes"))


@dataclass(kw_only=True)
class CpuClock:
    """CPU time of all processes of some hosts, those that have ended included."""

    hosts: Sequence[Host]
    """Whose."""
    seen: dict[int, float] = field(default_factory=dict)
    """Seconds by process, when it was seen last."""

    def total_s(self) -> float:
        """Look at all processes; return the CPU seconds so far."""
        for host in self.hosts:
            for process in host.processes():
                with suppress(OSError, ValueError):
                    text = Path(f"/proc/{process}/stat").read_text()
                    ticks = text.rpartition(")")[2].split()[11:13]
                    self.seen[process] = sum(int(number) for number in ticks) / TICKS
        return sum(self.seen.values())


def call(*command: str) -> str:
    """Run a command of the system; return what it says.

    Raises:
        SystemExit: it failed, in one line.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def refuse_other_machines() -> None:
    """Say in one line what this machine lacks.

    Raises:
        SystemExit: it lacks something.
    """
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if not SFTP_SERVER.exists():
        missing.append(str(SFTP_SERVER))
    if missing:
        raise SystemExit(
            f"not found: {', '.join(missing)}; apt install iproute2 e2fsprogs sshfs "
            "openssh-sftp-server"
        )
    if os.geteuid() != 0:
        raise SystemExit("network namespaces need root here; start it with sudo")


@contextmanager
def network(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Yield hosts on one bridge, by name, the office among them; all is removed at the end.

    Raises:
        SystemExit: the system does not let us.
    """
    hosts = {
        name: Host(name=name, number=number) for number, name in enumerate((OFFICE, *names), 1)
    }
    with ExitStack() as stack:
        stack.callback(remove, *hosts.values())
        remove(*hosts.values())
        call("ip", "link", "add", "th-bridge", "type", "bridge")
        call("ip", "link", "set", "th-bridge", "up")
        for host in hosts.values():
            connect(host)
        yield hosts


def connect(host: Host) -> None:
    """Make a host and its link to the bridge."""
    call("ip", "netns", "add", host.space)
    peer = ("peer", "name", "eth0", "netns", host.space)
    call("ip", "link", "add", host.link, "type", "veth", *peer)
    call("ip", "link", "set", host.link, "master", "th-bridge", "up")
    inside = ("ip", "-n", host.space)
    call(*inside, "address", "add", f"{host.address}/24", "dev", "eth0")
    call(*inside, "link", "set", "lo", "up")
    call(*inside, "link", "set", "eth0", "up")


def remove(*hosts: Host) -> None:
    """Remove hosts and bridge, as far as they are there."""
    for host in hosts:
        host.stop()
        subprocess.run(["ip", "netns", "del", host.space], capture_output=True, check=False)
        subprocess.run(["ip", "link", "del", host.link], capture_output=True, check=False)
    subprocess.run(["ip", "link", "del", "th-bridge"], capture_output=True, check=False)


def share(office: Host, log: Path) -> None:
    """Let all hosts mount the folders of the office."""
    command = (sys.executable, "-c", SERVER, office.address, str(SFTP_PORT), str(SFTP_SERVER))
    office.start(*command, log=log)


def start_with_share(
    host: Host, office: Host, folder: Path, words: Sequence[str], log: Path
) -> None:
    """Start a program on a host that sees the office's folder at the same path, over its link."""
    options = f"directport={SFTP_PORT},kernel_cache"
    mount = ("sshfs", "-o", options, f"{office.address}:{folder}", str(folder))
    # A namespace of mounts of its own comes with `ip netns exec`.
    host.start("sh", "-c", f"{shlex.join(mount)} && exec {shlex.join(words)}", log=log)


@contextmanager
def slow_disk(folder: Path, size_mb: int) -> Iterator[str]:
    """Mount a small disk of its own at a folder; yield "major:minor" of its device."""
    image = folder.with_suffix(".disk")
    with image.open("wb") as stream:
        stream.truncate(size_mb * 1_000_000)
    call("mkfs.ext4", "-q", "-F", str(image))
    with ExitStack() as stack:
        stack.callback(image.unlink)
        device = call("losetup", "--find", "--show", str(image))
        stack.callback(call, "losetup", "--detach", device)
        call("mount", device, str(folder))
        stack.callback(call, "umount", "--lazy", str(folder))
        number = Path(device).stat().st_rdev
        yield f"{os.major(number)}:{os.minor(number)}"


def throttle(device: str, bytes_per_s: int, requests_per_s: int) -> None:
    """Let a device do no more than this, for all of the machine; 0 lets it go.

    Raises:
        SystemExit: the system has no cgroups of version 1 that do so.
    """
    limits = {"bps": bytes_per_s, "iops": requests_per_s}
    for way in ("read", "write"):
        for kind, limit in limits.items():
            path = THROTTLE / f"blkio.throttle.{way}_{kind}_device"
            if not path.exists():
                raise SystemExit(f"a slow disk needs {path} (cgroups version 1); leave it out")
            path.write_text(f"{device} {limit}\n")
