"""What people said of a roof, in words, for lists and packets."""

from pathlib import Path

from export_cases import make_roll

from labels.files import read_label_rows
from labels.settings import LabelFile
from labels.table.look_table import looks_of


def test_looks_say_the_label_in_words_with_day_and_source(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(
        "id,year,pct,who,day\n"
        "0217001,2025,cannot tell,desk review,\n"
        "0216 001,2026,25,inspector,2026-04-01\n"
        "0216001,2024,0,inspector,4/22/2024\n"
        "0216 001,2027,50,inspector,\n"
        "9999,2024,0,inspector,\n",
        encoding="utf-8",
    )
    source = LabelFile(path=path, id=("id",), roof_pct="pct", source="who", date="day")

    looks = looks_of(read_label_rows(source, make_roll(3)), until=2026)

    assert looks[["parcel_id", "year", "date", "source", "found"]].to_numpy().tolist() == [
        ["0216 001", 2024, "2024-04-22", "inspector", "no open roof found"],
        ["0216 001", 2026, "2026-04-01", "inspector", "25% of the roof open"],
        ["0217 001", 2025, "", "desk review", "could not tell"],
    ]


def test_looks_of_yes_and_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("id,year,bad\n0216 001,2026,1\n0217 001,2026,0\n", encoding="utf-8")

    looks = looks_of(
        read_label_rows(LabelFile(path=path, id=("id",), collapsed="bad"), make_roll(3)), until=2026
    )

    assert looks["found"].tolist() == ["roof open or failing", "no open roof found"]
    assert looks["source"].tolist() == looks["date"].tolist() == ["", ""]
