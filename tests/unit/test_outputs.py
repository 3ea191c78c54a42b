"""A sample round, decided for real, leaves four files that agree and keep people's names apart."""

import csv
import json
import re
import zipfile
from importlib import resources
from pathlib import Path

import openpyxl
import pytest

from allocator.decide import decide
from allocator.intake.folder import LoadedRound, load_round
from allocator.outputs import write_all

SAMPLE = Path(str(resources.files("allocator"))) / "samples" / "one-meeting"


@pytest.fixture(scope="module")
def loaded() -> LoadedRound:
    return load_round(SAMPLE)


@pytest.fixture(scope="module")
def written(loaded: LoadedRound, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    paths = write_all(decide(loaded), loaded, folder)
    assert [path.name for path in paths] == [
        "decisions.csv",
        "decisions.xlsx",
        "report.html",
        "record.zip",
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    return folder


def test_csv_workbook_and_record_hold_the_same_decisions(written: Path) -> None:
    with (written / "decisions.csv").open(encoding="utf-8", newline="") as file:
        table = {row["application_id"]: row["decision"] for row in csv.DictReader(file)}
    sheet = openpyxl.load_workbook(written / "decisions.xlsx")["Decisions"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    at = next(i for i, row in enumerate(rows) if row[0] == "Application")
    column = rows[at].index("Decision")
    assert {row[0]: row[column] for row in rows[at + 1 :]} == table
    with zipfile.ZipFile(written / "record.zip") as record:
        outcome = json.loads(record.read("result.json"))
    assert {each["application_id"]: each["decision"] for each in outcome["decisions"]} == table


@pytest.mark.parametrize("name", ["decisions.csv", "report.html"])
def test_no_person_is_named_outside_workbook_and_record(
    written: Path, loaded: LoadedRound, name: str
) -> None:
    words = set(re.findall(r"[\w-]+", (written / name).read_text(encoding="utf-8")))
    for each in loaded.applications:
        assert each.person_id not in words
        assert not {each.family_name, each.given_name} <= words


def test_the_record_keeps_every_file_as_it_was_read(written: Path) -> None:
    with zipfile.ZipFile(written / "record.zip") as record:
        for name in ("round.yaml", "applications.csv"):
            assert record.read(f"inputs/{name}") == (SAMPLE / name).read_bytes()
        assert b"inputs/itu-t-2024.yaml" in record.read("manifest.json")


def test_deciding_again_gives_the_same_bytes(
    written: Path, loaded: LoadedRound, tmp_path: Path
) -> None:
    for path in write_all(decide(loaded), loaded, tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name
