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
    return _without_zero_lines(decoded, name)


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


def _without_zero_lines(decoded: Decoded, name: str) -> Decoded:
    """Empty the lines of zero bytes alone, which a disk leaves in a damaged file.

    Zero bytes within a line belong to a cell, where they are named.
    """
    lines = decoded.text.split("\n")
    is_zero = [_NUL in line and not line.replace(_NUL, "").strip() for line in lines]
    named = [
        f"line {number} ({len(line)} bytes)"
        for number, line in enumerate(lines, start=1)
        if is_zero[number - 1]
    ]
    if not named:
        return decoded

    trouble = Trouble(
        what=f"{name}: lines of nothing but zero bytes",
        examples=tuple(named),
        remedy="see that the file is whole, or export it again",
    )
    kept = ["" if zero else line for line, zero in zip(lines, is_zero, strict=True)]
    return Decoded(text="\n".join(kept), troubles=(*decoded.troubles, trouble))


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
