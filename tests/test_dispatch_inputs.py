"""What dispatch gives and gets is read by `check`: nothing of it stops an export at its end."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from cities import CityBuilder, Roofwatch

MAP = """
[columns]
Premise = "PREMISE"
Id = "PARCEL_ID"
Action = "ACTION"
Address = "ADDRESS"
Level = "RISK_LVL"
Text = "TEXT"
[widths]
Address = 4
"""


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A file of dispatch that cannot be used."""

    name: str
    """The file."""
    content: str
    """What it holds."""
    keys: str = ""
    """Keys of [export.dispatch] that name it."""
    said: str
    """Part of the line."""


WRONG = {
    "no column": Wrong(
        name="list.csv",
        content="street\n1 ELM\n",
        keys='addresses = "list.csv"\naddress = "a"',
        said="no column 'a'",
    ),
    "no column map": Wrong(
        name="map.toml",
        content="[columns]\nA = 'B'\n",
        keys='columns = "map.toml"',
        said="files of dispatch that cannot be used",
    ),
    "narrow column": Wrong(
        name="map.toml", content=MAP, keys='columns = "map.toml"', said="would cut the address of"
    ),
    "deletes": Wrong(
        name="workspace/dispatch_deletes.csv",
        content="PARCEL_ID\nA\n",
        said="dispatch_deletes.csv",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_check_names_what_would_stop_an_export(
    tmp_path: Path, tiny_city: CityBuilder, roofwatch: Roofwatch, kind: str
) -> None:
    """FIX FIRST in one line, before any chip is cut."""
    wrong = WRONG[kind]
    city = tiny_city(tmp_path / "city")
    path = city.parent / wrong.name
    path.parent.mkdir(exist_ok=True)
    path.write_text(wrong.content, encoding="utf-8")
    with city.open("a", encoding="utf-8") as file:
        file.write(f"\n[export.dispatch]\n{wrong.keys}\n")

    ran = roofwatch("check", city, "--year", 2023, "--quiet")

    assert ran.code == 3
    fixes = [line for line in ran.out.splitlines() if "fix first:" in line]
    assert len(fixes) == 1
    assert wrong.said in fixes[0]
