"""`roofwatch init` on the published schemas of five cities: it writes what the examples say."""

import tomllib
from pathlib import Path

import pytest
from cities import Roofwatch
from schema_cities import SCHEMAS, YEAR, write_schema_city

EXAMPLES = Path(__file__).parents[1] / "examples"


def choices_of(document: dict[str, object]) -> dict[str, object]:
    """Return every key of parcels, notices, footprints and flyovers with its value."""
    found: dict[str, object] = {}
    for section in ("parcels", "vacant", "footprints"):
        table = document.get(section)
        assert isinstance(table, dict), section
        found |= {f"{section}.{key}": value for key, value in table.items() if key != "path"}
        found[f"{section}.file"] = Path(str(table["path"])).name

    flyovers = document["flyover"]
    assert isinstance(flyovers, list)
    found["flyovers"] = [(each["year"], Path(str(each["path"])).name) for each in flyovers]
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_init_writes_what_the_example_of_a_city_says(
    name: str, tmp_path: Path, roofwatch: Roofwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both name the same columns, and `check` reads both files alike."""
    write_schema_city(SCHEMAS[name], tmp_path / "data")
    ran = roofwatch("init", tmp_path / "data", "--out", tmp_path / "city.toml", "--quiet")
    assert ran.code == 0, ran.out + ran.err
    written = tomllib.loads((tmp_path / "city.toml").read_text(encoding="utf-8"))
    example = EXAMPLES / f"{name}.toml"
    assert choices_of(written) == choices_of(tomllib.loads(example.read_text(encoding="utf-8")))

    (tmp_path / "examples").mkdir()
    copy = tmp_path / "examples" / f"{name}.toml"
    copy.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("ROOFWATCH_DATA", str(tmp_path / "data"))
    checked = roofwatch("check", copy, "--year", YEAR, "--quiet", "--json").answer
    ours = roofwatch("check", tmp_path / "city.toml", "--year", YEAR, "--quiet", "--json").answer
    for key in ("verdict", "vacants", "vacants_covered", "notices_unmatched"):
        assert checked[key] == ours[key], key
    assert checked["verdict"] == "GO"
    assert checked["vacants"] == checked["vacants_covered"] == 10
