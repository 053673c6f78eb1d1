"""Seeded damage to files: to their bytes, their numbers, their lines and what an archive holds."""

import io
import random
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Callable

Mutation = Callable[[random.Random, bytes], bytes]
UNPACKED_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    MemoryError,
)
"""What reading a damaged archive raises."""
WORDS = (0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers that headers are rarely ready for."""
TEXTS = (
    b"-1",
    b"0",
    b"nan",
    b"inf",
    b"1e308",
    b"99999999999999999999",
    b"2023-02-30",
    b"0001-01-01",
    b"9999-12-31",
    b"",
    b'"',
    b"[]",
    b"{}",
    b"true",
    b"\xff\xfe",
    b"\x00",
    b"\xef\xbb\xbf",
    "\u202e\u0301".encode(),
    b"'" * 3,
    b"x" * 5_000,
    b"../..",
    b"/dev/zero",
    b"=1+1",
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_VALUE = re.compile(rb"[^,=:\s\[\]{}]+")
_SEPARATOR = re.compile(rb"[,=:\t\n]")


def mutate(dice: random.Random, content: bytes, kind: str) -> bytes:
    """Return damaged content.

    Args:
        dice: Where every choice comes from.
        content: A file.
        kind: One of `fuzz_seeds.KINDS`.
    """
    choices = MUTATIONS.get(kind, BINARY)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 5))):
        content = dice.choice(choices)(dice, content)
    return content


def flip_bits(dice: random.Random, content: bytes) -> bytes:
    """Flip up to eight bits."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 8) if changed else 0):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def flip_header(dice: random.Random, content: bytes) -> bytes:
    """Change a byte among the first or last 256, where formats say what follows."""
    changed = bytearray(content)
    if changed:
        place = dice.randrange(min(len(changed), 256))
        changed[dice.choice((place, -1 - place))] = dice.randrange(256)
    return bytes(changed)


def set_word(dice: random.Random, content: bytes) -> bytes:
    """Write a number of two, four or eight bytes somewhere, more often near the beginning."""
    size = dice.choice((2, 4, 4, 8))
    if len(content) < size:
        return content
    reach = dice.choice((len(content), min(len(content), 512)))
    place = dice.randrange(max(1, reach - size + 1))
    order = dice.choice(("little", "big"))
    number: int = dice.choice(WORDS) % 2 ** (8 * size)
    word = number.to_bytes(size, "big")
    if order == "little":
        word = word[::-1]
    return content[:place] + word + content[place + size :]


def cut(dice: random.Random, content: bytes) -> bytes:
    """Cut the file off."""
    return content[: dice.randint(0, len(content))]


def repeat_block(dice: random.Random, content: bytes) -> bytes:
    """Repeat a part, a few times or many."""
    start, stop = _part(dice, content)
    times = dice.choice((1, 1, 2, 200))
    return (
        content[:stop]
        + content[start:stop] * min(times, 1 + 200_000 // max(1, stop - start))
        + content[stop:]
    )


def drop_block(dice: random.Random, content: bytes) -> bytes:
    """Take out a part."""
    start, stop = _part(dice, content)
    return content[:start] + content[stop:]


def put_noise(dice: random.Random, content: bytes) -> bytes:
    """Put random bytes in."""
    place = dice.randint(0, len(content))
    return content[:place] + dice.randbytes(dice.randint(1, 64)) + content[place:]


def set_number(dice: random.Random, content: bytes) -> bytes:
    """Put something else in the place of a number."""
    return _replace(dice, content, _NUMBER)


def set_value(dice: random.Random, content: bytes) -> bytes:
    """Put something else in the place of a word."""
    return _replace(dice, content, _VALUE)


def drop_separator(dice: random.Random, content: bytes) -> bytes:
    """Take out a separator, or write it twice."""
    found = list(_SEPARATOR.finditer(content))
    if not found:
        return content
    one = dice.choice(found)
    return content[: one.start()] + one.group() * dice.choice((0, 2)) + content[one.end() :]


def shuffle_lines(dice: random.Random, content: bytes) -> bytes:
    """Swap two lines, or write one twice."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return content
    one = dice.randrange(len(lines))
    other = dice.randrange(len(lines))
    if dice.random() < 0.5:
        lines[one] = lines[other]
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def damage_member(dice: random.Random, content: bytes) -> bytes:
    """Damage a file inside an archive, which stays whole around it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except UNPACKED_ERRORS:
        return flip_bits(dice, content)
    if not members:
        return content

    name = dice.choice(sorted(members))
    members[name] = dice.choice(TEXT)(dice, members[name])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in members.items():
            archive.writestr(member, text)
    return packed.getvalue()


def set_cell(dice: random.Random, content: bytes) -> bytes:
    """Change a cell of any table of an SQLite file, which stays whole around it."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(content)
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            connection.execute(f'DROP TRIGGER "{trigger}"')
        tables = [
            row[0]
            for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        table = dice.choice(sorted(tables))
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        column = dice.choice(columns)
        old = connection.execute(f'SELECT "{column}" FROM "{table}"').fetchone()
        value = _other_cell(dice, old[0] if old else None)
        connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', (value,))
        connection.commit()
        return bytes(connection.serialize())
    except (sqlite3.Error, LookupError, ValueError, OverflowError, MemoryError):
        return flip_bits(dice, content)
    finally:
        connection.close()


def _other_cell(dice: random.Random, old: object) -> object:
    if isinstance(old, bytes) and dice.random() < 0.7:
        return dice.choice((flip_bits, flip_header, set_word, cut))(dice, old)
    numbers = (None, -1, 0, 2**40, 1e308, float("inf"), b"", b"\x00" * 40)
    return dice.choice((*numbers, *(text.decode("latin-1") for text in TEXTS)))


def _part(dice: random.Random, content: bytes) -> tuple[int, int]:
    start = dice.randint(0, len(content))
    return start, min(len(content), start + dice.choice((1, 4, 16, 100, 1_000)))


def _replace(dice: random.Random, content: bytes, wanted: re.Pattern[bytes]) -> bytes:
    found = list(wanted.finditer(content))
    if not found:
        return put_noise(dice, content)
    one = dice.choice(found)
    return content[: one.start()] + dice.choice(TEXTS) + content[one.end() :]


BINARY: tuple[Mutation, ...] = (
    flip_bits,
    flip_header,
    set_word,
    set_word,
    cut,
    repeat_block,
    drop_block,
    put_noise,
)
TEXT: tuple[Mutation, ...] = (
    set_number,
    set_number,
    set_value,
    set_value,
    drop_separator,
    shuffle_lines,
    drop_block,
    repeat_block,
    put_noise,
    cut,
    flip_bits,
)
MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    "toml": TEXT,
    "csv": TEXT,
    "labels": TEXT,
    "geojson": TEXT,
    "gpkg": (set_cell, set_cell, *BINARY),
    "book": (damage_member, damage_member, *BINARY),
    "findings": (damage_member, damage_member, *BINARY),
}
"""By kind; all others are `BINARY`."""
