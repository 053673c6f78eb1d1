"""The head of the audit log that products are printed with: kept elsewhere, it anchors the log."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

SHORT = 16
"""Digits that are printed for people."""
_MARK = "# audit log: "
"""Before it in a file of checksums; coreutils take such a line for a comment."""


@dataclass(frozen=True, kw_only=True)
class LogHead:
    """The line of the audit log that sealed the ledger of these products.

    It is that line and not the last one, which every export would move: the same ledger gives the
    same products.
    """

    lines: int
    """Lines of the log up to it, its header left out."""
    head: str
    """Hash of the line, which stands for all lines before it."""
    ledger: str
    """Sha256 of `ledger.parquet`."""

    @property
    def words(self) -> str:
        """Return it as it is printed on pages."""
        return f"log {self.head[:SHORT]}"

    @property
    def comment(self) -> str:
        """Return it as a line of a file of checksums, with its line end."""
        return f"{_MARK}{json.dumps(asdict(self))}\n"


def read_log_head(path: Path) -> LogHead | None:
    """Return the head that a file of checksums holds; None where it holds none.

    Raises:
        ValueError: what stands there is no head.
        OSError: the file cannot be read.
    """
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    if not text.startswith(_MARK):
        return None

    match found := json.loads(text.splitlines()[0].removeprefix(_MARK)):
        case {"lines": int(lines), "head": str(head), "ledger": str(ledger)}:
            return LogHead(lines=lines, head=head, ledger=ledger)
    raise ValueError(f"its audit log is {found!r}, want lines, head and ledger")
