"""JSON files that a stage left for another one."""

import json
from collections.abc import Mapping
from pathlib import Path

from imagery.errors import InputError


def read_facts(path: Path, *, remedy: str) -> Mapping[str, object]:
    """Read an object of JSON.

    Raises:
        InputError: the file is damaged; the message ends with the remedy.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); {remedy}") from error
    if not isinstance(facts, dict):
        raise InputError(f"{path} is damaged (it holds no object); {remedy}")
    return facts
