"""Papers in Markdown taken apart: each number with its source, counted again in that file."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from year_cases import Number, count_again

_DEFINITION = re.compile(r'^\[(\d+)\]: <([^>]+)> "(.*)"$', re.MULTILINE)
_CITED = re.compile(r"\[((?:[^\]\\]|\\.)+)\]\[(\d+)\]")
_IN_JSON = re.compile(r"(?P<key>.+) in (?P<file>\S+); (?P<form>.+)")
_IN_TABLE = re.compile(
    r"(?P<column>.+?) of (?P<file>\S+?)(?: where (?P<rows>.+))?; (?P<form>[a-z ]+)"
)
WORD_FOR_WORD = "word for word"


@dataclass(frozen=True, kw_only=True)
class Cited:
    """What a paper says, and the title of its source."""

    text: str
    """As a reader sees it."""
    file: str
    """Link of its source."""
    title: str
    """What the source is."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper taken apart."""

    cited: list[Cited]
    """Numbers and quotes with a source."""
    rest: str
    """All other text."""
    unused: set[str]
    """Sources that nothing refers to."""


def read_paper(path: Path) -> Paper:
    """Take a paper apart."""
    text = path.read_text(encoding="utf-8")
    sources = {number: (file, title) for number, file, title in _DEFINITION.findall(text)}
    body = _DEFINITION.sub("", text)
    cited = [
        Cited(
            text=re.sub(r"\\(.)", r"\1", shown), file=sources[number][0], title=sources[number][1]
        )
        for shown, number in _CITED.findall(body)
    ]
    used = {number for _, number in _CITED.findall(body)}
    return Paper(cited=cited, rest=_CITED.sub("", body), unused=set(sources) - used)


def wrong_numbers(folder: Path, paper: Path) -> dict[str, tuple[str, str]]:
    """Return what a paper says and what its file says, by source, where these differ.

    Args:
        folder: The year's folder.
        paper: A paper in it.
    """
    wrong = {}
    for cited in read_paper(paper).cited:
        found = look_up(folder, cited)
        if cited.text != found or not (paper.parent / cited.file).is_file():
            wrong[cited.title] = (cited.text, found)
    return wrong


def look_up(folder: Path, cited: Cited) -> str:
    """Return what the file of a source says."""
    in_json = _IN_JSON.fullmatch(cited.title)
    if in_json and in_json["file"].endswith(".json"):
        if in_json["form"] == WORD_FOR_WORD:
            return _text_in(folder / in_json["file"], in_json["key"])
        facts = {"data-key": in_json["key"]}
        found = in_json
    else:
        in_table = _IN_TABLE.fullmatch(cited.title)
        assert in_table is not None, cited.title
        facts = {"data-rows": in_table["rows"] or ""}
        if in_table["column"] != "rows":
            facts["data-column"] = in_table["column"]
        found = in_table
    facts |= {"data-file": found["file"], "data-form": found["form"]}
    return count_again(folder, Number(facts=facts))


def _text_in(path: Path, key: str) -> str:
    value: object = json.loads(path.read_text(encoding="utf-8"))
    for name in key.split("."):
        value = value[int(name)] if isinstance(value, list) else dict(value)[name]  # type: ignore[call-overload]  # JSON
    return " ".join(str(value).split())
