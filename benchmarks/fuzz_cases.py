"""Cases of `benchmarks.fuzz`, and what became of them."""

import gzip
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HANG_S = 10.0
"""Seconds of one core that a case may take."""
MEMORY_MB = 2_048
"""Memory that a case and the processes it starts may need at their peak, each."""
CODES = frozenset({0, 3, 4})
"""Exit codes for files, good or bad."""
WRONG_WORDS = ("free disk space", "fix the permissions", "fewer --workers", "ulimit")
"""Remedies that no damaged file needs."""
_PARTICULARS = re.compile(r"'[^']*'|\"[^\"]*\"|/\S+|[\d.,+-]+")
"""What differs between messages of one kind."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file to be read."""

    kind: str
    """One of `KINDS`."""
    content: bytes
    """The file."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case."""

    code: int
    """Exit code; minus the signal that ended it."""
    seconds: float
    """Seconds of one core that it took; `fuzz.KILL_S` where it had to be ended."""
    peak_mb: float
    """Its largest memory, or that of a process that it started, MB."""
    said: str
    """What it printed."""

    @property
    def fault(self) -> str:
        """Say why it is bad; "" when it is not."""
        if self.seconds > HANG_S:
            return f"hang: {self.seconds:.0f} s"
        if self.code < 0:
            return f"signal {signal.Signals(-self.code).name}"
        if "Traceback" in self.said:
            return f"traceback: {self.said.strip().splitlines()[-1][:200]}"
        if any(words in self.said for words in WRONG_WORDS):
            return f"blames the system: {self.said.strip().splitlines()[-1][:200]}"
        if self.code not in CODES:
            return f"exit code {self.code}"
        return f"{self.peak_mb:.0f} MB" if self.peak_mb > MEMORY_MB else ""

    @property
    def message(self) -> str:
        """Return its last line without the particulars."""
        lines = [line for line in self.said.splitlines() if "roofwatch:" in line or "fix" in line]
        return f"{self.code} {_PARTICULARS.sub('', ' '.join(lines))[:300]}"


@dataclass(kw_only=True)
class Tally:
    """What has been seen so far."""

    cases: Counter[str] = field(default_factory=Counter)
    """Cases by kind."""
    codes: Counter[int] = field(default_factory=Counter)
    """Cases by exit code."""
    messages: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """First file of each kind and message."""
    bad: list[str] = field(default_factory=list)
    """Kind and fault of every bad case."""
    peak_mb: float = 0.0
    """Largest memory."""
    slowest_s: float = 0.0
    """Longest time."""

    def add(self, case: Case, outcome: Outcome) -> bool:
        """Count a case; return whether its message is new."""
        self.cases[case.kind] += 1
        self.codes[outcome.code] += 1
        self.peak_mb = max(self.peak_mb, outcome.peak_mb)
        self.slowest_s = max(self.slowest_s, outcome.seconds)
        key = (case.kind, outcome.message)
        is_new = key not in self.messages
        self.messages.setdefault(key, case.content)
        return is_new

    def lines(self) -> Iterator[str]:
        """Say what was found."""
        kinds = ", ".join(f"{name} {count:,}" for name, count in sorted(self.cases.items()))
        codes = ", ".join(f"{code}: {count:,}" for code, count in sorted(self.codes.items()))
        yield f"{self.cases.total():,} cases ({kinds})"
        yield f"exit codes {codes}; {len(self.messages):,} kinds of messages"
        yield f"slowest {self.slowest_s:.1f} s, peak {self.peak_mb:,.0f} MB"
        faults = Counter(self.bad)
        yield from (f"BAD {count} x {fault}" for fault, count in faults.most_common())
        yield "no bad case" if not faults else f"{faults.total()} bad cases"


def read_corpus(folder: Path) -> Iterator[Case]:
    """Yield the kept cases, packed files by their names: KIND-WHAT.gz."""
    for path in sorted(folder.glob("*.gz")):
        kind = path.name.partition("-")[0]
        yield Case(kind=kind, content=gzip.decompress(path.read_bytes()))


def save(folder: Path | None, case: Case, number: int) -> None:
    """Keep a case, packed."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(case.content, mtime=0)
    (folder / f"{case.kind}-{number}.gz").write_bytes(packed)
