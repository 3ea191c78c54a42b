"""What people write in a cell is read as they mean it, or refused: never guessed."""

# ruff: noqa: RUF001, RUF005 - the letters of other alphabets are meant

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.intake.terms import Money, as_currency, as_gender, as_money, as_package
from allocator.intake.values import (
    DateOrder,
    Unreadable,
    as_count,
    as_date,
    as_number,
    as_yes_no,
    date_order,
    fold,
    fold_header,
)
from allocator.model import Gender, Package


def refused(read: object, text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        read(text)  # type: ignore[operator]
    assert isinstance(caught.value, ValueError)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234,50", "1234.5"),
        ("1\u00a0234,50", "1234.5"),
        ("1\u202f234,50", "1234.5"),
        ("1'234.50", "1234.5"),
        ("1’234.50", "1234.5"),
        ("1,200", "1200"),
        ("1,234,567", "1234567"),
        ("1.234.567,5", "1234567.5"),
        ("1,234.5", "1234.5"),
        ("1.234", "1.234"),
        ("0,500", "0.5"),
        ("12,5", "12.5"),
        (".5", "0.5"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("+3", "3"),
        ("١٢٣", "123"),
        ("  7 ", "7"),
    ],
)
def test_numbers_are_read_with_the_separators_people_write(text: str, number: str) -> None:
    assert as_number(text) == Fraction(number)


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "1e5", "10²", "½", "12 34", "1,2,3", "1.2.3", "--5", "-+5", "5.", "1,", "x"]
    + ["1 234 5", "0x10", "1_000", "9" * 70, "٫"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert refused(as_number, text) == "intake-number"


@given(st.integers(-(10**12), 10**12))
def test_grouping_thousands_does_not_change_a_number(number: int) -> None:
    for separator in (",", " ", "'"):
        assert as_number(f"{number:,}".replace(",", separator)) == number


@pytest.mark.parametrize(
    ("text", "money"),
    [
        ("CHF 1,200", Money(120_000, "CHF")),
        ("1 234,50", Money(123_450, "")),
        ("1200.-", Money(120_000, "")),
        ("1'200.–", Money(120_000, "")),
        ("€ 5", Money(500, "EUR")),
        ("5 EUR", Money(500, "EUR")),
        ("12.50 US$", Money(1_250, "USD")),
        ("0", Money(0, "")),
        ("1200.5", Money(120_050, "")),
        ("1000000000000", Money(10**14, "")),
    ],
)
def test_money_is_read_in_minor_units_with_its_currency(text: str, money: Money) -> None:
    assert as_money(text) == money


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-5", "intake-money-negative"),
        ("CHF -5", "intake-money-negative"),
        ("(5)", "intake-money-negative"),
        ("inf", "intake-money"),
        ("NaN", "intake-money"),
        ("1e400", "intake-money"),
        ("12 or 13", "intake-money"),
        ("USD 5 CHF", "intake-money"),
        (".50", "intake-money"),
        ("1000000000000.01", "intake-money-large"),
        ("99999999999999999999", "intake-money-large"),
        ("5.005", "intake-money-decimals"),
        ("1.234", "intake-money-decimals"),
        ("1.200", "intake-money-decimals"),
        ("$5", "intake-currency"),
        ("Fr.100", "intake-currency"),
        ("9" * 30_000, "intake-money"),
    ],
)
def test_money_that_is_not_clear_is_refused_by_name(text: str, code: str) -> None:
    assert refused(as_money, text) == code


@given(st.integers(0, 10**14))
def test_money_survives_being_written_and_read(amount: int) -> None:
    written = f"{amount // 100:,}.{amount % 100:02}"
    assert as_money(written) == Money(amount, "")


def test_currencies_are_iso_codes() -> None:
    assert [as_currency(text) for text in ("chf", "SFr.", "euro", "")] == ["CHF", "CHF", "EUR", ""]
    assert refused(as_currency, "ABC") == "intake-currency"


@pytest.mark.parametrize(
    "text",
    ["2025-03-04", "2025/3/4", "2025-03-04 13:05", "2025-03-04T23:30:00Z", "20250304", "45720"]
    + ["45720.6", "4 March 2025", "4th Mar. 2025", "March 4, 2025", "4-Mar-2025", "04.03.2025"]
    + [
        "Tuesday, 4 March 2025",
        "4 de marzo de 2025",
        "4 марта 2025",
        "2025年3月4日",
        "4 mars 2025",
    ],
)
def test_dates_are_read_in_the_forms_people_write(text: str) -> None:
    assert as_date(text) == date(2025, 3, 4)


def test_a_date_that_could_be_two_is_refused_unless_the_column_settles_it() -> None:
    assert refused(as_date, "03/04/2025") == "intake-date-ambiguous"
    assert as_date("03/04/2025", DateOrder.DAY_FIRST) == date(2025, 4, 3)
    assert as_date("03/04/2025", DateOrder.MONTH_FIRST) == date(2025, 3, 4)
    assert as_date("04/04/2025") == date(2025, 4, 4)
    assert as_date("25/03/2025") == as_date("03/25/2025") == date(2025, 3, 25)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2025", "25/03/2025"], DateOrder.DAY_FIRST),
        (["03/04/2025", "03/25/2025"], DateOrder.MONTH_FIRST),
        (["25/03/2025", "03/25/2025"], DateOrder.UNSETTLED),
        (["03/04/2025", "2025-03-25", "25.03.2025", ""], DateOrder.UNSETTLED),
    ],
)
def test_only_clear_dates_of_one_kind_settle_a_column(texts: list[str], order: DateOrder) -> None:
    assert date_order(texts) is order
    assert date_order(reversed(texts)) is order


@pytest.mark.parametrize(
    "text", ["", "31/02/2025", "3/4/25", "hello", "2025", "99999", "32 March 2025", "2025-13-01"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert refused(as_date, text) == "intake-date"


@given(st.dates(date(1955, 1, 1), date(2118, 12, 31)))
def test_a_serial_number_is_the_day_a_spreadsheet_shows(day: date) -> None:
    assert as_date(str((day - date(1899, 12, 30)) // timedelta(days=1))) == day


@pytest.mark.parametrize(
    ("texts", "meaning"),
    [
        (["yes", "Y", "Oui", "sí", "SI", "да", "نعم", "是", "✓", "✔️", "x", "1", "TRUE", "☑"], True),
        (["no", "N", "Non", "НЕТ", "لا", "否", "0", "false", "☐", "No."], False),
        (["", " ", "n/a", "?", "unknown", "-", "не\u200bизвестно"], None),
    ],
)
def test_yes_and_no_are_read_in_six_languages(texts: list[str], meaning: bool | None) -> None:
    assert [as_yes_no(text) for text in texts] == [meaning] * len(texts)


@pytest.mark.parametrize("text", ["maybe", "yes and no", "2", "✗", "yess"])
def test_what_is_neither_yes_nor_no_is_refused(text: str) -> None:
    assert refused(as_yes_no, text) == "intake-yes-no"


@pytest.mark.parametrize(
    ("texts", "gender"),
    [
        (
            ["F", "female", "Woman", "Mme", "Ms", "Mrs.", "femme", "mujer", "ж", "女", "أنثى"],
            "female",
        ),
        (["M", "male", "man", "Mr", "M.", "homme", "hombre", "H", "муж", "男", "ذكر"], "male"),
        (["other", "X", "non-binary", "autre"], "other"),
        (["", "not stated", "prefer not to say", "n/a"], "not stated"),
    ],
)
def test_gender_is_read_as_stated(texts: list[str], gender: str) -> None:
    assert [as_gender(text) for text in texts] == [Gender(gender)] * len(texts)


@pytest.mark.parametrize("text", ["Dr", "H.E.", "Pebble", "male/female"])
def test_gender_is_never_inferred(text: str) -> None:
    assert refused(as_gender, text) == "intake-gender"


@pytest.mark.parametrize(
    ("texts", "package"),
    [
        (["full", "Full fellowship", "1 full", "Ticket + DSA", "bourse complète"], Package.FULL),
        (["ticket", "Air ticket", "partial - ticket", "billet d'avion"], Package.TICKET),
        (["dsa", "DSA only", "per diem", "Partial (DSA)"], Package.DSA),
    ],
)
def test_packages_are_read_in_the_words_people_use(texts: list[str], package: Package) -> None:
    assert [as_package(text) for text in texts] == [package] * len(texts)


def test_partial_alone_is_asked_back() -> None:
    assert refused(as_package, "Partial fellowship") == "intake-package-partial"


def test_a_blank_request_is_told_from_one_that_is_not_understood() -> None:
    assert refused(as_package, " ") == "intake-package-blank"


@pytest.mark.parametrize("text", ["full/partial", "no ticket", "hotel", "partial: ticket, dsa"])
def test_a_request_that_says_two_things_or_none_is_refused(text: str) -> None:
    assert refused(as_package, text) == "intake-package"


@pytest.mark.parametrize("text", ["-1", "1.5", "1000001", "", "two"])
def test_counts_are_whole_and_not_negative(text: str) -> None:
    assert refused(as_count, text) == "intake-count"
    assert as_count("12.0") == 12


def test_folding_leaves_out_what_nobody_hears() -> None:
    assert fold("  Côte-d’Ivoire ") == fold("COTE D IVOIRE") == "cote d ivoire"
    assert fold_header("Application_ID") == fold_header("application id") == "applicationid"
    assert fold("Łódź Ørsted") == "lodz orsted"


@given(st.text(max_size=60))
def test_no_text_makes_a_reader_fail(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    for read in (as_yes_no, as_number, as_date, as_gender, as_package, as_money, as_count):
        try:
            read(text)
        except Unreadable as refusal:
            assert refusal.code.startswith("intake-")
