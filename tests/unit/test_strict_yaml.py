"""Hand-written files: read as text with line numbers, refused in plain words."""

import time
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from allocator.errors import AllocatorError
from allocator.fields import (
    Day,
    Identifier,
    MoneyText,
    Number,
    Part,
    Points,
    Share,
    Text,
    Texts,
    Whole,
    YesNo,
    validate,
)
from allocator.strict_yaml import MAX_BYTES, Document, read_yaml


def refused(data: bytes) -> AllocatorError:
    with pytest.raises(AllocatorError) as caught:
        read_yaml(data, "round.yaml")
    return caught.value


def test_scalars_stay_text_and_nothing_is_none() -> None:
    document = read_yaml(b"a: NO\nb: 1e5\nc: 2024-01-01\nd:\ne: ~\nf: ''\ng: 'null'\n", "x")
    assert document.data == {
        "a": "NO",
        "b": "1e5",
        "c": "2024-01-01",
        "d": None,
        "e": None,
        "f": "",
        "g": "null",
    }


def test_every_part_knows_its_line() -> None:
    document = read_yaml("\ufeffa:\n  - b: 1\n\n  - c:\n      d: 2\n".encode(), "x")
    assert document.line(("a",)) == 1
    assert document.line(("a", 1, "c")) == 4
    assert document.line(("a", 1, "c", "d")) == 5
    assert document.line(("a", 1, "c", "missing", 7)) == 4
    assert document.line(("missing",)) == 1


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"a: 1\nb: &x 2\n", "yaml-anchor", 2),
        (b"a: 1\nb: *x\n", "yaml-alias", 2),
        (b"a: 1\n\na: 2\n", "yaml-duplicate-key", 3),
        (b"a: 1\n---\nb: 2\n", "yaml-many-documents", 2),
        (b"a: !!python/object/apply:os.system [ls]\n", "yaml-tag", 1),
        (b"a: ! b\n", "yaml-tag", 1),
        (b"a: 1\nb: \xff\n", "yaml-not-utf8", 2),
        (b"a: 1\nb: \x07\n", "yaml-control-character", 2),
        (b'a: "\\0"\n', "yaml-control-character", 1),
        (b'a: "\\ud800"\n', "yaml-control-character", 1),
        (b'a: "\\U99999999"\n', "yaml-syntax", 0),
        (b"? [a]\n: b\n", "yaml-bad-key", 1),
        (b"'': b\n", "yaml-bad-key", 1),
        (b"a: 1\n\tb: 2\n", "yaml-syntax", 2),
        (b"a: 'x\nb: 2\n", "yaml-syntax", 1),
        (b"a: [1,\nb: 2\n", "yaml-syntax", 1),
        (b"a: b: c\n", "yaml-syntax", 1),
        (b"a: @b\n", "yaml-syntax", 1),
        (b"a:\n  - b\n c: 1\n", "yaml-syntax", 3),
        (b"[" * 100, "yaml-too-deep", 1),
        (b"- a\n" * 20_001, "yaml-too-many-values", 20_000),
        (b"#" * (MAX_BYTES + 1), "yaml-too-big", 0),
    ],
)
def test_what_is_refused_has_its_line(data: bytes, code: str, line: int) -> None:
    found = refused(data).problems[0]
    assert (found.code, found.where.line, found.where.file) == (code, line, "round.yaml")
    assert found.do


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = b"a0: &a0 [x, x]\n" + b"".join(
        b"a%d: &a%d [*a%d, *a%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 60)
    )
    assert {each.code for each in refused(bomb).problems} == {"yaml-alias", "yaml-anchor"}


@pytest.mark.parametrize(
    "data",
    [b"? " * 400_000, b"{" * 400_000, b"- " * 400_000, b"[a," * 300_000, b"a: |\n" * 200_000],
)
def test_hostile_nesting_is_refused_at_once(data: bytes) -> None:
    started = time.process_time()
    refused(data)
    assert time.process_time() - started < 2


def test_all_duplicates_are_named_at_once() -> None:
    found = refused(b"a: 1\nb: 2\na: 3\nb: 4\n").problems
    assert [(each.value, each.where.line) for each in found] == [("a", 3), ("b", 4)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\ta: 1\n", "tab"),
        (b"a: 1\nb 2\nc: 3\n", "colon"),
        (b"a: 'x\n", "quotation"),
        (b"a: [x\n", "not closed"),
        (b"a: `x\n", "quotes"),
    ],
)
def test_a_syntax_error_has_a_hint_in_plain_words(data: bytes, words: str) -> None:
    assert words in refused(data).problems[0].do


@given(st.binary(max_size=200))
@example(b"%YAML 1.1\n---\na")
@example(b"%YAML " + b"9" * 5000 + b".1\n---\na")
@example(b"%TAG ! !\n--- a")
@example(b"a: |0\n")
@example(b"!<%%41> a")
@example(b"\xef\xbb\xbf")
def test_any_bytes_give_a_document_or_problems(data: bytes) -> None:
    try:
        assert isinstance(read_yaml(data, "x"), Document)
    except AllocatorError as error:
        assert error.problems


yaml_like = st.text(
    st.sampled_from("ab1: \n-[]{}&*!|>'\"#%@`,?\t\\~x0") | st.characters(codec="utf-8"), max_size=60
)


@given(yaml_like)
def test_any_text_gives_a_document_or_problems(text: str) -> None:
    try:
        document = read_yaml(text.encode(), "x")
    except AllocatorError as error:
        assert all(each.what and each.do for each in error.problems)
    else:
        lines = text.encode().count(b"\n") + text.count("\r") + 1
        lines += sum(text.count(sign) for sign in "\x85\u2028\u2029")
        assert all(1 <= line <= lines for line in document.lines.values())


# --- fields -------------------------------------------------------------------------------------


class A(Part):
    kind: Literal["a"]
    column: Text


class B(Part):
    kind: Literal["b"]
    points: Points = 3


class Everything(Part):
    yes_no: YesNo = True
    day: Day = date(2024, 1, 1)
    share: Share = Fraction(0)
    number: Number = Fraction(0)
    points: Points = 0
    whole: Whole = 0
    money: MoneyText = 0
    text: Text = "-"
    identifier: Identifier = "x"
    texts: Texts = ()
    entries: tuple[Annotated[A | B, Field(discriminator="kind")], ...] = ()


def read(field: str, written: str) -> object:
    document = read_yaml(f"{field}: {written}\n".encode(), "x")
    return getattr(validate(Everything, document), field)


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("yes_no", "no", False),
        ("yes_no", "TRUE", True),
        ("day", "2024-02-29", date(2024, 2, 29)),
        ("share", "1/3", Fraction(1, 3)),
        ("share", "35 %", Fraction(7, 20)),
        ("share", "0.35", Fraction(7, 20)),
        ("share", "100%", Fraction(1)),
        ("number", "-2.5", Fraction(-5, 2)),
        ("points", "7.125", 7125),
        ("points", "25", 25000),
        ("whole", "42", 42),
        ("money", "120 000.00", 12_000_000),
        ("money", '"120\'000"', 12_000_000),
        ("money", "120\u202f000.5", 12_000_050),
        ("money", "0", 0),
        ("money", "10000000000", 10**12),
        ("text", "  Côte d'Ivoire ", "Côte d'Ivoire"),
        ("identifier", "1e5", "1e5"),
        ("texts", "one", ("one",)),
        ("texts", "[one, two]", ("one", "two")),
        ("texts", "", ()),
    ],
)
def test_fields_read_exactly(field: str, written: str, value: object) -> None:
    assert read(field, written) == value


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("yes_no", "maybe"),
        ("yes_no", "1"),
        ("day", "2024-02-30"),
        ("day", "01.02.2024"),
        ("share", "1.01"),
        ("share", "101 %"),
        ("share", "1/0"),
        ("share", "-1/2"),
        ("share", "nan"),
        ("number", "1e5"),
        ("number", "1,5"),
        ("points", "1.0005"),
        ("points", "\u0661"),
        ("whole", "1.0"),
        ("money", "1.005"),
        ("money", "12 00"),
        ("money", "1,000"),
        ("money", "1e9"),
        ("text", "''"),
        ("identifier", "a b"),
        ("identifier", "../x"),
    ],
)
def test_what_cannot_be_read_exactly_is_refused(field: str, written: str) -> None:
    with pytest.raises(AllocatorError) as caught:
        read(field, written)
    found = caught.value.problems[0]
    assert (found.code, found.where.line) == ("field-wrong", 1)


@pytest.mark.parametrize(
    ("field", "written", "code"),
    [
        ("points", "1000000", "field-too-large"),
        ("money", "10000000000.01", "field-too-large"),
        ("money", "-1", "field-negative"),
        ("money", "-1 000.50", "field-negative"),
    ],
)
def test_amounts_out_of_range_are_told_from_what_is_no_amount(
    field: str, written: str, code: str
) -> None:
    with pytest.raises(AllocatorError) as caught:
        read(field, written)
    assert [each.code for each in caught.value.problems] == [code]
    assert written in caught.value.problems[0].what


@given(st.integers(0, 10**12))
def test_money_reads_back_whatever_its_form(amount: int) -> None:
    whole, rest = divmod(amount, 100)
    for separator in ("", " ", "\u00a0", "\u202f"):
        assert read("money", f"{whole:,}.{rest:02d}".replace(",", separator)) == amount


@given(st.fractions(0, 1, max_denominator=999_999))
def test_a_share_reads_back(share: Fraction) -> None:
    assert read("share", f"{share.numerator}/{share.denominator}") == share


def problems(text: str) -> list[tuple[str, int, str]]:
    with pytest.raises(AllocatorError) as caught:
        validate(Everything, read_yaml(text.encode(), "x"))
    return [
        (each.code, each.where.line, f"{each.what} {each.do}") for each in caught.value.problems
    ]


def test_every_wrong_field_is_named_with_its_line_and_no_jargon() -> None:
    found = problems(
        "entries:\n  - kind: a\n    colum: x\n  - kind: c\n  - points: 3\n"
        "  - kind: b\n    points: [1]\nwhoel: 3\nday:\nshare: {a: b}\n"
    )
    assert [(code, line) for code, line, _ in found] == [
        ("field-missing", 2),
        ("field-unknown", 3),
        ("field-one-of", 4),
        ("field-no-kind", 5),
        ("field-not-single", 7),
        ("field-unknown", 8),
        ("field-empty", 9),
        ("field-not-single", 10),
    ]
    said = " ".join(words for _, _, words in found)
    assert "Did you mean `column`?" in said
    assert "Did you mean `whole`?" in said
    assert "`entries[1].column` is missing" in said
    assert "Write one of: a, b." in said
    for jargon in ("pydantic", "input", "validation", "dict", "extra", "tuple"):
        assert jargon not in said.lower()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "yaml-empty"),
        ("# nothing\n", "yaml-empty"),
        ("a", "field-not-mapping"),
        ("[a]", "field-not-mapping"),
        ("entries: 3", "field-not-list"),
        ("entries: [3]", "field-not-mapping"),
        ("entries: [~]", "field-empty"),
        ("entries: {a: b}", "field-not-list"),
    ],
)
def test_the_wrong_shape_is_said(text: str, code: str) -> None:
    assert problems(text)[0][0] == code
