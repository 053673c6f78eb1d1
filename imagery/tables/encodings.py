"""The characters of a text file: UTF-8, UTF-16 or, where it is neither, Windows-1252."""

import codecs
from dataclasses import dataclass

from imagery.troubles import Trouble, shown

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NUL = "\0"
_PROBE = 4096
"""Bytes that are looked at for an encoding without a mark."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The text of a file."""

    text: str
    """Its characters, without byte order mark."""
    troubles: tuple[Trouble, ...] = ()
    """What was noticed."""


def decode(data: bytes, name: str) -> Decoded:
    """Return the text of a file.

    Args:
        data: Its bytes.
        name: Its name, for messages.

    Raises:
        UnicodeDecodeError: a mark names an encoding that the bytes do not follow.
    """
    decoded = _decode(data, name)
    if _NUL not in decoded.text:
        return decoded
    damaged = _find_nul(decoded.text, name)
    plain = decoded.text.replace(_NUL, "")
    return Decoded(text=plain, troubles=(*decoded.troubles, damaged))


def _decode(data: bytes, name: str) -> Decoded:
    """Decode by the mark, or else by what the bytes look like."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(text=data[len(mark) :].decode(encoding))

    wide = _wide_encoding(data[:_PROBE])
    if wide:
        return Decoded(text=data.decode(wide))
    try:
        return Decoded(text=data.decode("utf-8"))
    except UnicodeDecodeError:
        return _decode_lines(data, name)


def _find_nul(text: str, name: str) -> Trouble:
    """Name the lines with zero bytes, which a disk or a database leaves in damaged files."""
    lines = text.split("\n")
    named = [
        f"line {number} {shown(line.replace(_NUL, '').strip())}"
        for number, line in enumerate(lines, start=1)
        if _NUL in line
    ]
    return Trouble(
        what=f"{name}: lines with zero bytes, read without them",
        examples=tuple(named),
        remedy="see that the file is whole, or export it again",
    )


def _wide_encoding(start: bytes) -> str:
    """Return UTF-16 where every other byte is mostly zero, "" otherwise."""
    pairs = len(start) // 2
    if not pairs:
        return ""
    if start[1::2].count(0) > pairs / 2:
        return "utf-16-le"
    if start[0::2].count(0) > pairs / 2:
        return "utf-16-be"
    return ""


def _decode_lines(data: bytes, name: str) -> Decoded:
    """Decode line by line, as UTF-8 where possible and else as Windows-1252."""
    lines = []
    examples = []
    for number, raw in enumerate(data.split(b"\n"), start=1):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError:
            line = _decode_windows(raw)
            examples.append(f"line {number} {shown(line.strip())}")
        lines.append(line)

    trouble = Trouble(
        what=f"{name}: lines that are not UTF-8 and were read as Windows-1252",
        examples=tuple(examples),
        remedy="see that the accents are right, and save the file as UTF-8",
    )
    return Decoded(text="\n".join(lines), troubles=(trouble,))


def _decode_windows(raw: bytes) -> str:
    # Five bytes mean nothing in Windows-1252; Latin-1 has a character for every byte.
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
