"""Erasing leaves nothing of a person, in whatever state the files are, and is never blocked."""

import io
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allocator.errors import AllocatorError
from allocator.office.store import open_store
from allocator.office.store_rows import BlobRow
from allocator.record.check_container import unpacked
from tests.office.desk_kit import Office, office_in, tiny

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
NOW = [BEGIN]
"""What the store's clock shows."""

MARKS = (b"FamilyP2", b"GivenP2", b"remark P2", b"Zappelmann")
GOOD = tiny()["applications.csv"]
WORKBOOK = "applications.xlsx"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path, clock=lambda: NOW[0]) as found:
        found.ada.set_setting("retention-years", "1")
        yield found
    NOW[0] = BEGIN


def closed(office: Office, round_id: str = "one") -> None:
    """Take a round that can be run to its end."""
    office.olu.check(round_id, None)
    run = office.olu.run(round_id)
    office.olu.propose(round_id, run.id, None)
    office.kim.approve(round_id, run.fingerprint or "", None)
    office.olu.publish(round_id, office.key, None)
    office.olu.close(round_id, None)
    NOW[0] = datetime(2027, 1, 31, tzinfo=UTC)


def bytes_left(office: Office) -> bytes:
    """Return all that the store's files and the members of its archives hold."""
    with office.store.reading() as reader:
        blobs = [reader.blob(each.sha256) or b"" for each in reader.find(BlobRow)]
    office.store.close()
    files = [each.read_bytes() for each in (office.folder / "store").iterdir()]
    for blob in blobs:
        if blob.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(blob)) as packed:
                files += [packed.read(each) for each in packed.namelist()]
    return b"\n".join(files)


def demand_gone(office: Office, person: str = "P2") -> None:
    office.ada.erase(person, "asked on paper")
    assert office.ada.check_store().passed
    left = bytes_left(office)
    assert not [each for each in MARKS if each in left]


def zipped(content: bytes) -> bytes:
    """Return a zip file that is no workbook, with a text in it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet1.xml", content)
    return packed.getvalue()


EARLIER = {
    "unbalanced quote": ("applications.csv", GOOD.replace(b"private remark P2", b'"remark P2')),
    "no column of ids": ("applications.csv", GOOD.replace(b"person_id", b"persona")),
    "ids of nobody": ("applications.csv", GOOD.replace(b",P2,FamilyP2", b",,FamilyP2")),
    "other coding": ("applications.csv", GOOD.replace(b"\n", b'\n"').decode().encode("utf-16-le")),
    "no workbook": (WORKBOOK, zipped(GOOD)),
    "half a workbook": (WORKBOOK, zipped(GOOD)[:-30]),
}


@pytest.mark.parametrize("state", EARLIER)
def test_an_earlier_import_that_no_person_can_be_found_in_is_withheld_whole(
    office: Office, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, content = EARLIER[state]
    files = {key: each for key, each in tiny().items() if key != "applications.csv"}
    with monkeypatch.context() as earlier:  # versions before this one kept what nobody can read
        earlier.setattr("allocator.office.desk_files._unreadable", lambda *_: ())
        office.olu.create_round(files | {name: content})
    office.olu.import_files("one", {"applications.csv": GOOD}, None)
    closed(office)
    demand_gone(office)


@pytest.mark.parametrize(
    "written", ["\N{FULLWIDTH LATIN CAPITAL LETTER P}2", " P2\N{NO-BREAK SPACE}"]
)
def test_an_id_is_found_however_it_is_written(office: Office, written: str) -> None:
    files = tiny()
    files["applications.csv"] = GOOD.replace(b",P2,F", f",{written},F".encode())
    office.olu.create_round(files)
    closed(office)
    demand_gone(office, written)


def test_an_id_with_two_spaces_is_one(office: Office) -> None:
    files = tiny()
    files["applications.csv"] = GOOD.replace(b",P2,F", b",P  2,F")
    office.olu.create_round(files)
    closed(office)
    demand_gone(office, "P 2")


def test_corrections_of_a_persons_cells_are_erased(office: Office) -> None:
    office.olu.create_round(tiny())
    fix = office.olu.fix
    fix("one", "one-A2", "family_name", "FamilyP2", "Zappelmann", "Zappelmann by marriage", None)
    fix("one", "one-A2", "person_id", "P2", "P2b", "the id of FamilyP2", None)
    closed(office)
    office.ada.erase("P2", "the id they had at first")
    demand_gone(office, "P2b")


def test_what_a_failed_run_said_of_a_cell_is_erased(office: Office) -> None:
    files = tiny()
    files["applications.csv"] = GOOD.replace(b"GivenP2,female,Mali", b"GivenP2,female,Zappelmann")
    office.olu.create_round(files)
    with pytest.raises(AllocatorError, match="Zappelmann"):
        office.olu.run("one")
    assert "Zappelmann" in repr(office.olu.runs("one")[0].problems)
    assert "Zappelmann" not in repr(office.ana.runs("one")[0])
    office.olu.import_files("one", {"applications.csv": GOOD}, None)
    closed(office)
    before = office.olu.runs("one")[-1].problems
    demand_gone(office)
    after = office.olu.runs("one")[-1].problems
    assert [(e.code, e.where) for e in after] == [(e.code, e.where) for e in before]


def test_retention_ends_on_the_same_day_of_the_month(office: Office) -> None:
    office.olu.create_round(tiny())
    closed(office)
    NOW[0] = datetime(2027, 1, 30, 23, 59, tzinfo=UTC)
    with pytest.raises(AllocatorError, match="2027-01-31"):
        office.ada.erase("P2", "asked on paper")
    NOW[0] = datetime(2027, 1, 31, tzinfo=UTC)
    office.ada.erase("P2", "asked on paper")


def test_what_somebody_still_reads_is_said_and_cleared_later(office: Office) -> None:
    office.olu.create_round(tiny())
    office.kim.note("one", "one-A2", "Zappelmann wrote")
    closed(office)
    path = office.folder / "store" / "office.db"
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchone()
    assert office.ada.erase("P2", "asked on paper")["uncleared"] == 1
    reader.close()
    with open_store(path):
        left = b"".join(each.read_bytes() for each in path.parent.iterdir())
        assert not [each for each in MARKS if each in left]


def test_files_of_others_stay_as_they_are(office: Office) -> None:
    office.olu.create_round(tiny())
    office.olu.create_round(tiny("two", persons=("Q1", "Q2")))
    bad = tiny("two", persons=("Q1", "Q2"))["applications.csv"]
    office.olu.import_files("two", {"applications.csv": bad.replace(b"person_id", b"who")}, None)
    closed(office)
    office.ada.erase("P2", "asked on paper")
    assert b"FamilyQ1" in bytes_left(office)


def test_the_offices_own_awards_in_records_of_other_rounds_are_erased_and_keep_nobody(
    office: Office,
) -> None:
    """Round two knows of the person only what the office awarded them in round one."""
    office.olu.create_round(tiny())
    closed(office)
    run = office.olu.round("one").runs[0].id
    winner = next(e for e in office.olu.result(run).allocation.awards).application_id
    person = next(
        each.person_id
        for each in office.olu.loaded("one").applications
        if each.application_id == winner
    )
    office.olu.create_round(tiny("two", persons=("P7", "P8")))
    office.olu.check("two", None)
    first = office.olu.run("two")
    assert person.encode() in unpacked(office.olu.record(first.id))["inputs/office_awards.csv"]
    office.ada.erase(person, "asked on paper")
    assert person.encode() not in unpacked(office.olu.record(first.id))["inputs/office_awards.csv"]
    office.olu.check("two", None)
    again = office.olu.run("two")
    office.olu.propose("two", again.id, None)
    office.kim.approve("two", again.fingerprint or "", None)
    office.olu.publish("two", office.key, None)
    assert office.ada.check_store().passed
    assert f",{person}," not in f"{bytes_left(office)!r}"


def test_a_round_that_came_to_nothing_keeps_nobody_for_ever(office: Office) -> None:
    office.olu.create_round(tiny())
    NOW[0] = datetime(2027, 1, 30, tzinfo=UTC)
    with pytest.raises(AllocatorError, match="2027-01-31"):
        office.ada.erase("P2", "asked on paper")
    NOW[0] = datetime(2027, 1, 31, tzinfo=UTC)
    demand_gone(office)
