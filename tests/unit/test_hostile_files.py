"""Files made to break the reader are refused by name, soon, and leave nothing behind."""

# ruff: noqa: RUF005 - lists of samples, line by line

import io
import os
import struct
import tempfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.intake import xlsx, xlsx_child
from allocator.intake.csv_text import read_csv
from allocator.intake.raw import MAX_BYTES
from allocator.intake.tables import read_table
from allocator.intake.workbook import Intake
from tests.intake_files import HEADERS, ROW, codes, csv_bytes, read, rezipped, xlsx_bytes

GOOD = xlsx_bytes(("List", [HEADERS, ROW]))
SHEET = "xl/worksheets/sheet1.xml"
SECONDS = 3.0
"""Of the processor, child included. Aim: one; the rest is for slow machines."""


def spent() -> float:
    return sum(os.times()[:4])


def sheet_of(rows: bytes, before: bytes = b"") -> bytes:
    """Return a workbook whose sheet holds the given XML."""
    xml = (
        b'<?xml version="1.0"?>%s<worksheet xmlns='
        b'"http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData>'
        b"</worksheet>" % (before, rows)
    )
    return rezipped(GOOD, {SHEET: lambda _: xml})


def zip_of(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return buffer.getvalue()


def with_a_bomb() -> bytes:
    return rezipped(GOOD, {"xl/media/image1.png": lambda _: bytes(60_000_000)})


def lying_about_its_size() -> bytes:
    """Declare every part as one byte long in the package's directory."""
    data = bytearray(with_a_bomb())
    at = data.find(b"PK\x01\x02")
    while at != -1:
        struct.pack_into("<I", data, at + 24, 1)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def with_parts_of_the_same_name() -> bytes:
    buffer = io.BytesIO(GOOD)
    with zipfile.ZipFile(buffer, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr(SHEET, b"<worksheet/>")
    return buffer.getvalue()


def marked_as_encrypted() -> bytes:
    data = bytearray(GOOD)
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def compressed_otherwise() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as package:
        package.writestr("xl/workbook.xml", b"<workbook/>")
    return buffer.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'

CORPUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "intake-empty"),
    "blank": (lambda: b" \r\n,,\t;;\n" * 100, "intake-empty"),
    "only a byte order mark": (lambda: b"\xef\xbb\xbf", "intake-empty"),
    "only zeros": (lambda: bytes(10_000_000), "intake-empty"),
    "too many bytes": (lambda: b"a" * (MAX_BYTES + 1), "intake-file-large"),
    "old Excel": (lambda: OLE, "intake-ole"),
    "password": (
        lambda: OLE + "EncryptedPackage".encode("utf-16-le") + bytes(500),
        "intake-encrypted",
    ),
    "PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3", "intake-pdf"),
    "HTML": (lambda: b"<html><table><tr><td>application_id", "intake-not-table"),
    "gzip": (lambda: b"\x1f\x8b\x08" + bytes(100), "intake-not-table"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "intake-picture"),
    "zero within a text": (lambda: csv_bytes(HEADERS, ("A\0", "Kenya", "full")), "intake-binary"),
    "escape within a text": (
        lambda: csv_bytes(HEADERS, ("A\x1b[2J", "Kenya", "full")),
        "intake-binary",
    ),
    "UTF-32": (lambda: csv_bytes(HEADERS, ROW, encoding="utf-32")[:-1], "intake-encoding"),
    "half a UTF-16 letter": (
        lambda: csv_bytes(HEADERS, ROW, encoding="utf-16")[:-1],
        "intake-encoding",
    ),
    "one giant line": (lambda: b"application_id" * 3_000_000, "intake-line-long"),
    "a million columns": (lambda: b",".join([b"x"] * 1_000_000), "intake-columns"),
    "three hundred and one columns": (
        lambda: csv_bytes([*HEADERS, *map(str, range(298))], ROW),
        "intake-columns",
    ),
    "a quotation mark left open": (
        lambda: csv_bytes(HEADERS, ROW) + b'"A2,Kenya,full\r\n' + csv_bytes(ROW) * 90_000,
        "intake-quotes",
    ),
    "a quotation mark left open at the end": (
        lambda: csv_bytes(HEADERS, ROW) + b'"A2,Kenya,full',
        "intake-quotes",
    ),
    "a quotation mark closed too early": (
        lambda: csv_bytes(HEADERS, ROW) + b'"A2"x,Kenya,full',
        "intake-quotes",
    ),
    "a giant cell": (lambda: csv_bytes(HEADERS, ("A1", "x" * 40_000, "full")), "intake-cell-long"),
    "a giant quoted cell": (
        lambda: csv_bytes(HEADERS) + b'"' + b"x" * 900_000 + b'"',
        "intake-cell-long",
    ),
    "too many rows": (lambda: csv_bytes(HEADERS) + b"A,B,C\n" * 200_001, "intake-rows"),
    "a zip of something": (lambda: zip_of(readme=b"hello"), "intake-not-workbook"),
    "a document": (lambda: zip_of(word__document_xml=b"<x/>"), "intake-not-workbook"),
    "a zip of a workbook": (lambda: zip_of(list=GOOD), "intake-not-workbook"),
    "OpenDocument": (
        lambda: zip_of(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
        "intake-other-workbook",
    ),
    "half a workbook": (lambda: GOOD[: len(GOOD) // 2], "intake-zip-broken"),
    "a workbook with a flipped byte": (
        lambda: GOOD[:60] + bytes([GOOD[60] ^ 255]) + GOOD[61:],
        "intake-zip-broken",
    ),
    "other compression": (compressed_otherwise, "intake-zip-broken"),
    "encrypted part": (marked_as_encrypted, "intake-encrypted"),
    "macros": (
        lambda: rezipped(GOOD, {"xl/vbaProject.bin": lambda _: b"x"}),
        "intake-macros",
    ),
    "two parts of one name": (with_parts_of_the_same_name, "intake-zip-parts"),
    "many parts": (
        lambda: rezipped(GOOD, {f"x{at}": lambda _: b"" for at in range(2_500)}),
        "intake-zip-parts",
    ),
    "bomb": (with_a_bomb, "intake-bomb"),
    "bomb that lies": (lying_about_its_size, "intake-zip-broken"),
    "entities": (lambda: sheet_of(b"<row/>", LAUGHS), "intake-xml-declaration"),
    "entities in the shared strings": (
        lambda: rezipped(GOOD, {"xl/sharedStrings.xml": lambda old: LAUGHS + old}),
        "intake-xml-declaration",
    ),
    "a sheet in UTF-16": (
        lambda: rezipped(GOOD, {SHEET: lambda old: old.decode().encode("utf-16")}),
        "intake-xml-declaration",
    ),
    "one far cell": (
        lambda: sheet_of(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "intake-far-cell",
    ),
    "one far cell, spelt oddly": (
        lambda: sheet_of(b"<row><c  r = 'KO5'><v>1</v></c></row>"),
        "intake-far-cell",
    ),
    "one low cell": (
        lambda: sheet_of(b'<row r="200001"><c r="A200001"><v>1</v></c></row>'),
        "intake-far-cell",
    ),
    "many cells without a place": (
        lambda: sheet_of(b"<row>" + b"<c><v>123456</v></c>" * 9_000_000 + b"</row>"),
        "intake-bomb",
    ),
    "a giant cell of a workbook": (
        lambda: sheet_of(
            b'<row r="1"><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row>' % (b"x" * 40_000)
        ),
        "intake-cell-long",
    ),
    "a sheet that is no XML": (lambda: rezipped(GOOD, {SHEET: lambda _: b"<<<"}), ""),
    "a sheet that is missing": (lambda: _without(SHEET), "intake-unreadable"),
    "no sheets": (
        lambda: rezipped(GOOD, {"xl/workbook.xml": lambda _: b"<workbook/>"}),
        "intake-empty",
    ),
    "an empty sheet": (lambda: sheet_of(b""), "intake-empty"),
}


def _without(part: str) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(GOOD)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch the working folder, the folder for temporary files, and open handles."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handles = _handles()
    yield
    assert list(tmp_path.iterdir()) == []
    assert _handles() == handles


def _handles() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_files_are_refused_by_name_and_soon(name: str) -> None:
    make, code = CORPUS[name]
    data = make()
    start = spent()
    with pytest.raises(AllocatorError) as caught:
        read(data, file="in.xlsx")
    assert spent() - start < SECONDS
    assert code in ("", caught.value.code)
    assert all(each.what and each.do for each in caught.value.problems)
    assert all(each.where.file == "in.xlsx" for each in caught.value.problems)


@pytest.mark.parametrize("name", ["bomb", "one far cell", "a million columns", "one giant line"])
def test_hostile_files_do_not_fill_the_memory(name: str) -> None:
    data = CORPUS[name][0]()
    tracemalloc.start()
    with pytest.raises(AllocatorError):
        read(data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 5 * len(data) + 20_000_000


def test_the_place_of_a_quotation_mark_is_named() -> None:
    data = csv_bytes(HEADERS, ROW) + b'"A2"x,Kenya,full\n' + csv_bytes(ROW)
    with pytest.raises(AllocatorError) as caught:
        read(data)
    assert caught.value.problems[0].where.row == 3


def test_absurd_values_within_a_good_file_are_problems_of_their_rows() -> None:
    headers = (*HEADERS, "ticket_cost", "received", "contributions")
    rows = [
        ("A1", "Kenya", "full", "1" + "0" * 5_000, "1900-01-01", "9" * 5_000),
        ("A2", "K" * 30_000, "x" * 30_000, "NaN", "9" * 30_000, "-inf"),
        ("A3", "=Kenya", "+full", "-10", "0000-00-00", "1e9"),
        ("A4", "Kenya", "full", "12", "2025-03-04", "1"),
    ]
    intake = read(csv_bytes(headers, *rows))
    assert [each.application_id for each in intake.applications] == ["A4"]
    assert len(codes(intake.problems, "error")) == 11
    assert all(len(each.what) < 400 for each in intake.problems)


def test_no_control_character_of_a_workbook_reaches_a_terminal() -> None:
    data = xlsx_bytes(("A", [HEADERS, ("A1", "Ken_x001B_[2Jya\x9b", "full")]))
    (found,) = (each for each in read(data).problems if each.where.column == "administration")
    assert found.value.isprintable() and found.value.startswith("Ken")


def test_a_workbook_that_breaks_the_reader_breaks_only_the_child(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    child = tmp_path_factory.mktemp("child") / "child.py"
    monkeypatch.setattr(xlsx_child, "__file__", str(child))
    monkeypatch.setattr(xlsx, "_PATIENCE", 0.5)
    monkeypatch.setattr(xlsx, "_MOST_OUTPUT", 1_000)
    for program in (
        "import os; os.abort()",
        "import time; time.sleep(60)",
        "print('x' * 100_000_000)",
        "print('[1, [' + chr(10) + '{\"end\": true}')",
        "print('[1, [2]]' + chr(10) + '{\"end\": true}')",
        "raise SystemExit(3)",
    ):
        child.write_text(program)
        start = time.perf_counter()
        with pytest.raises(AllocatorError) as caught:
            read_table(GOOD, "in.xlsx")
        assert caught.value.code == "intake-unreadable"
        assert time.perf_counter() - start < 15


def test_the_child_does_without_the_program() -> None:
    text = Path(xlsx_child.__file__).read_text(encoding="utf-8")
    assert "allocator" not in text


def _read_or_refuse(data: bytes) -> Intake | None:
    try:
        return read(data)
    except AllocatorError as refusal:
        assert all(each.what and each.do for each in refusal.problems)
        return None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_are_met_with_a_traceback(data: bytes) -> None:
    _read_or_refuse(data)


CELL = st.one_of(
    st.sampled_from(["", "A1", "Mali", "full", "yes", "03/04/2025", "1,200", "#REF!", '"', "=1+1"]),
    st.text(max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(CELL, max_size=9), max_size=8))
def test_no_cells_are_met_with_a_traceback(rows: list[list[str]]) -> None:
    headers = ["Application ID", "Country", "Requested", "received", "ticket_cost", "sex", "x", "x"]
    data = csv_bytes(headers, *rows).decode().encode(errors="replace")
    intake = _read_or_refuse(data)
    if intake:
        ids = [each.application_id for each in intake.applications]
        assert len(ids) == len(set(ids))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='a,;\t"\r\n =é\x0b\u2028', max_size=80))
def test_what_csv_writes_is_what_is_read(text: str) -> None:
    lines = [["a", "b"], [text, "c"]]
    sheet, _ = read_csv(csv_bytes(*lines), "f", lambda cells: int(cells[:2] == ["a", "b"]))
    assert [row.cells for row in sheet.rows] == [("a", "b"), (text.strip(), "c")]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4))
def test_no_damage_to_a_workbook_is_met_with_a_traceback(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, byte in damage:
        data[at] = byte
    _read_or_refuse(bytes(data))


XML = st.lists(
    st.sampled_from(
        [b'<row r="1">', b"<row>", b"</row>", b'<c r="A1" t="s"><v>0</v></c>', b"<c><v>9</v></c>"]
        + [b'<c r="B1" t="e"><v>#REF!</v></c>', b'<c r="A1" t="b"><v>7</v></c>', b"<c/>", b"&amp;"]
        + [b'<c t="s"><v>99999</v></c>', b'<c r="A0"><v>1</v></c>', b'<c r="5A"/>', b"<v>", b"]]>"]
        + [b'<c r="A2" s="999"><v>1e400</v></c>', b'<mergeCell ref="A1:A1048576"/>', b"<x:c/>"]
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(XML)
def test_no_sheet_is_met_with_a_traceback(parts: list[bytes]) -> None:
    _read_or_refuse(sheet_of(b"".join(parts)))
