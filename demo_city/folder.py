"""The folder that a demo may write into. Imports nothing heavy, so that a refusal comes at once."""

from pathlib import Path

RECORD = "demo.json"
"""First file that a demo writes; it says what was built, and that the folder is a demo's."""
WRITING = ".writing_"
"""Prefix of a file that is being written; it is renamed when it is complete."""


class OtherFolder(ValueError):
    """A folder holds something that is not a demo's; nothing was written."""


def refuse_other_folder(out: Path) -> None:
    """Check that a demo may write into a folder: a new one, an empty one, or a demo's own.

    A demo's own folder holds `demo.json`, also when the demo was killed half way. Names that begin
    with a dot (.DS_Store, .gitkeep, .git) do not count: a demo never replaces them.

    Raises:
        OtherFolder: the folder holds other files, or it is a file.
    """
    remedy = "give --out a new or empty folder; nothing was written"
    for place in (out, *out.parents):
        if place.exists() and not place.is_dir():
            raise OtherFolder(f"--out {out}: {place} is a file, want a folder; {remedy}")
    if not out.exists() or (out / RECORD).is_file():
        return

    names = sorted(path.name for path in out.iterdir() if not path.name.startswith("."))
    if names:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        want = "want an empty folder or one of an earlier demo"
        raise OtherFolder(
            f"--out {out}: the folder holds {names[0]}{others} and no {RECORD}, {want}; {remedy}"
        )


def replace_text(path: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it."""
    temporary = writing_path(path)
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def writing_path(path: Path) -> Path:
    """Return the temporary name under which a file is written."""
    return path.with_name(f"{WRITING}{path.name}")
