"""`roofwatch findings` on a city: into the book, out again, and what needs a person."""

import csv
import os
from pathlib import Path

import pandas as pd
import pytest
from cities import CITY_TOML, CityBuilder, Roofwatch

from labels.book import Recorded
from roofwatch.audit import first_broken_line, read_audit
from roofwatch.config import read_city
from roofwatch.year import City

FIRST = "parcel,visited,open,what\n"
MAP = """
[looks]
columns = { parcel = "parcel", day = "visited", roof = "open", disposition = "what" }
"""


@pytest.fixture
def city_file(tiny_city: CityBuilder, tmp_path: Path) -> Path:
    """Return the tiny city without a label file, with columns of its own for findings."""
    text = CITY_TOML[: CITY_TOML.index("[labels]")] + CITY_TOML[CITY_TOML.index("[[flyover]]") :]
    return tiny_city(tmp_path / "city", text + MAP)


def open_city(path: Path) -> City:
    return City(file=read_city(path), quiet=True)


def write(path: Path, *lines: str) -> Path:
    path.write_text(FIRST + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def counting(city_file: Path) -> list[Recorded]:
    return [row for row in open_city(city_file).book.history() if row.counts]


def test_good_rows_go_in_and_the_others_into_a_file(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    path = write(
        tmp_path / "may.csv",
        f"{ids[0]},2024-05-02,30%,monitor",
        f"{ids[1]},2024-05-02,0,",
        f"{ids[2]},2024-05-02,,no access",
        f"{ids[3]},2024-05-02,=half,",
        f"{ids[4]},,,",
    )
    ran = roofwatch("findings", city_file, path, "--by", "Kim Ö")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "may.csv: 3 visits: 1 open or failing, 1 sound, 1 no access; 1 row needs you",
        f"  rows that need you: {path}.problems.csv",
        "  note: not filled in: 1 row",
    ]

    with Path(f"{path}.problems.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows == [
        {
            "row": "5",
            "reason": "roof open is '=half', which is not on its list: "
            "0%; less than 10%; 10 to 24%; 25 to 49%; 50 to 99%; 100%; cannot tell",
            "nearest": "",
            "parcel": ids[3],
            "visited": "2024-05-02",
            "open": "'=half",
            "what": "",
        }
    ]
    looks = {row.look.parcel_id: row.look for row in counting(city_file)}
    assert (looks[ids[0]].year, looks[ids[0]].roof_pct, looks[ids[0]].who) == (2024, 30, "Kim Ö")
    log = open_city(city_file).workspace.audit
    assert "may.csv" in read_audit(log)[-1][3]
    assert "by Kim Ö: 3 visits, 3 new; 1 rows need a person" in read_audit(log)[-1][3]
    assert first_broken_line(log) is None


def test_the_same_again_a_corrected_row_and_undo(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    path = write(tmp_path / "may.csv", f"{ids[0]},2024-05-02,100%,", f"{ids[1]},2024-05-02,x,")
    assert roofwatch("findings", city_file, path, "--by", "Kim", "--json").answer["added"] == 1
    log = open_city(city_file).workspace.audit
    before = log.read_bytes()
    again = roofwatch("findings", city_file, path, "--by", "Lee", "--json").answer
    assert (again["visits"], again["added"], again["problems"]) == (1, 0, 1)
    assert log.read_bytes() == before

    problems = Path(f"{path}.problems.csv")
    problems.write_text(problems.read_text(encoding="utf-8-sig").replace(",x,", ",0%,"))
    ran = roofwatch("findings", city_file, problems, "--by", "Lee", "--json")
    assert (ran.code, ran.answer["added"]) == (0, 1)
    assert len(counting(city_file)) == 2

    undone = roofwatch("findings", city_file, path, "--by", "Ana", "--undo")
    assert undone.out.strip() == "may.csv: taken back: 1 visit; the book keeps them"
    assert [row.look.parcel_id for row in counting(city_file)] == [ids[1]]
    history = open_city(city_file).book.history()
    assert sorted(row.undone_by for row in history) == ["", "Ana"]
    assert read_audit(log)[-1][3].startswith("undo may.csv")

    ran = roofwatch("findings", city_file, path, "--by", "Ana", "--undo")
    assert ran.code == 3
    assert "the book holds no file may.csv that still counts" in ran.error
    assert roofwatch("findings", city_file, path, "--by", "Kim", "--json").answer["added"] == 1


def test_a_file_that_was_edited_since_is_taken_back_by_its_name(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    path = write(tmp_path / "may.csv", f"{ids[0]},2024-05-02,100%,")
    roofwatch("findings", city_file, path, "--by", "Kim")
    path.unlink()
    assert roofwatch("findings", city_file, path, "--by", "Kim", "--undo").code == 0
    assert counting(city_file) == []


def test_what_the_book_contradicts_needs_a_person(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    roofwatch(
        *("findings", city_file, write(tmp_path / "a.csv", f"{ids[0]},2024-05-02,100%,")),
        *("--by", "Kim"),
    )
    path = write(tmp_path / "b.csv", f"{ids[0]},2024-05-02,0%,", f"{ids[0]},2024-05-03,0%,")
    ran = roofwatch("findings", city_file, path, "--by", "Kim", "--json")
    assert (ran.code, ran.answer["added"], ran.answer["problems"]) == (0, 1, 1)
    reason = pd.read_csv(f"{path}.problems.csv")["reason"][0]
    assert reason.startswith("a look in the book says the contrary of the same day, '100% of the")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parcel,visited,open,what\n9999,2024-05-02,50%,\n", ""),
        ("a,b\n1,2\n", "no column of the parcel; it has 'a', 'b'"),
        ("parcel,colour\n1,2\n", "no column of what was seen or when"),
        ("", "b.csv is empty"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_one_line(
    text: str, message: str, city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    path = tmp_path / "b.csv"
    path.write_text(text, encoding="utf-8")
    ran = roofwatch("findings", city_file, path, "--by", "Kim")
    assert ran.code == 3
    if message:
        assert message in ran.error
    else:
        assert ran.out.startswith("b.csv: 0 visits; 1 row needs you")
    assert not open_city(city_file).workspace.looks_db.exists()


def test_one_bad_file_does_not_keep_the_others_out(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    good = write(tmp_path / "good.csv", f"{ids[0]},2024-05-02,100%,")
    ran = roofwatch("findings", city_file, tmp_path / "none.csv", good, "--by", "Kim")
    assert ran.code == 3
    assert "no file at" in ran.error
    assert ran.out.splitlines()[-1] == "1 visit: 1 open or failing; 0 rows need you"
    assert len(counting(city_file)) == 1


def test_a_blank_name_is_wrong_use(city_file: Path, tmp_path: Path, roofwatch: Roofwatch) -> None:
    assert roofwatch("findings", city_file, tmp_path / "a.csv", "--by", " ").code == 2


def test_how_a_building_was_chosen_comes_from_the_list_of_its_year(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    city = open_city(city_file)
    ids = city.roll.table["parcel_id"].tolist()
    folder = city.workspace.year(2024).housing
    folder.mkdir(parents=True)
    (folder / "worklist.csv").write_text(
        "VISIT,PARCEL_ID,CHOSEN,CHANCE\n"
        f"Y,{ids[0]},,\nN,{ids[1]},audit: random,0.04\nN,{ids[2]},,\n"
    )
    path = write(tmp_path / "a.csv", *(f"{name},2024-05-02,0%," for name in ids[:3]))
    roofwatch("findings", city_file, path, "--by", "Kim")
    chosen = {row.look.parcel_id: (row.look.chosen, row.look.chance) for row in counting(city_file)}
    assert chosen == {
        ids[0]: ("work list", None),
        ids[1]: ("audit: random", 0.04),
        ids[2]: ("", None),
    }


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_nothing_may_be_written_the_rows_go_into_the_workspace(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    path = write(folder / "a.csv", "9999,2024-05-02,100%,")
    folder.chmod(0o555)
    roofwatch("findings", city_file, path, "--by", "Kim")
    assert (open_city(city_file).workspace.folder / "a.csv.problems.csv").exists()


def test_a_list_that_was_filled_in_among_the_products_is_read_with_a_warning(
    city_file: Path, roofwatch: Roofwatch
) -> None:
    city = open_city(city_file)
    folder = city.workspace.year(2024).housing
    folder.mkdir(parents=True)
    path = write(folder / "list.csv", "9999,2024-05-02,100%,")
    ran = roofwatch("findings", city_file, path, "--by", "Kim")
    assert "the next export replaces it; copy the list elsewhere" in ran.out
    assert (city.workspace.folder / "list.csv.problems.csv").exists()
    assert [found.name for found in folder.iterdir()] == ["list.csv"]


def test_a_row_whose_cells_cannot_be_told_apart_needs_a_person(
    city_file: Path, tmp_path: Path, roofwatch: Roofwatch
) -> None:
    ids = open_city(city_file).roll.table["parcel_id"].tolist()
    lines = [f"{name},2024-05-02,0%," for name in ids[:12]]
    path = write(tmp_path / "a.csv", *lines, f"{ids[12]},2024-05-02,100%,monitor, and board up")
    ran = roofwatch("findings", city_file, path, "--by", "Kim")
    assert "12 visits: 12 sound; 1 row needs you" in ran.out
    row = pd.read_csv(f"{path}.problems.csv", dtype="str").iloc[0]
    assert "more cells than the header has columns" in row["reason"]
    assert row["parcel"] == ids[12]
