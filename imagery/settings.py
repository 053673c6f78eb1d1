"""What the city file's keys carry: their meaning in words, and how their text is read."""

from dataclasses import Field

MEANING = "meaning"
PATH = "path"
REMOTE = "remote"
DERIVED = "derived"


def key(
    meaning: str, *, path: bool = False, remote: bool = False, derived: bool = False
) -> dict[str, object]:
    """Return the metadata of a field that is a key of the city file.

    Args:
        meaning: What the key sets, with its unit; the reference of the city file quotes it.
        path: The text is a path, relative to the city file.
        remote: The path may be a URL.
        derived: The value comes from another section and cannot be set here.
    """
    return {MEANING: meaning, PATH: path, REMOTE: remote, DERIVED: derived}


def meaning_of(field: Field[object]) -> str:
    """Return what a key sets."""
    return str(field.metadata.get(MEANING, ""))


def is_path(field: Field[object]) -> bool:
    """Tell whether the text of a key is a path that is not typed as one."""
    return bool(field.metadata.get(PATH))


def is_remote(field: Field[object]) -> bool:
    """Tell whether the path of a key may be a URL."""
    return bool(field.metadata.get(REMOTE))


def is_derived(field: Field[object]) -> bool:
    """Tell whether a key's value comes from another section."""
    return bool(field.metadata.get(DERIVED))
