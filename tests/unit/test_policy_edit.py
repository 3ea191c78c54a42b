"""Turning a number of a policy changes that number in its text, and nothing else."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.policy import check_policy, policy_bytes, shipped_policies
from allocator.policy_diff import diff
from allocator.policy_edit import Unit, dials, with_header, with_values, with_weights, written
from allocator.policy_schema import Policy

ON = date(2026, 11, 23)
SHIPPED = [name for name, _ in shipped_policies()]
SOME = settings(max_examples=30, deadline=None)


def text_of(name: str) -> str:
    """Return the text of a shipped policy."""
    return policy_bytes(name)[0].decode("utf-8")


def read(text: str) -> Policy:
    """Return a policy, which must have no errors."""
    policy, _ = check_policy(text.encode("utf-8"), "policy.yaml")
    assert policy is not None
    return policy


@pytest.mark.parametrize("name", SHIPPED)
def test_every_dial_of_every_shipped_policy_turns_alone(name: str) -> None:
    text = text_of(name)
    before = read(text)
    found = dials(before, ON)
    assert found
    for dial in found:
        value = dial.value / 2 if dial.value else Fraction(1)
        after = read(with_weights(text, {dial.name: value}, ON))
        turned = [each for each in dials(after, ON) if each.name == dial.name]
        assert turned[0].value == value
        assert len(diff(before, after)) == 1


@pytest.mark.parametrize("name", SHIPPED)
def test_only_the_line_of_the_number_changes_and_comments_stay(name: str) -> None:
    text = text_of(name)
    dial = dials(read(text), ON)[0]
    after = with_weights(text, {dial.name: dial.value + 1}, ON)
    pairs = zip(text.splitlines(), after.splitlines(), strict=True)
    assert len([1 for one, other in pairs if one != other]) == 1
    assert after.count("#") == text.count("#")


def test_what_was_only_looked_at_stays_as_written() -> None:
    text = text_of("itu-t-2024")
    same = {each.name: each.value for each in dials(read(text), ON)}
    assert with_weights(text, same, ON) == text


def test_a_dated_target_changes_in_the_entry_in_force() -> None:
    text = text_of("example-path-to-parity")
    after = with_weights(text, {"balance.women.target": Fraction(42, 100)}, ON)
    assert "{from: 2025-01-01, value: 42 %}" in after
    assert after.replace("value: 42 %", "value: 40 %") == text
    dial = next(each for each in dials(read(after), ON) if each.name == "balance.women.target")
    assert (dial.since, dial.value) == (date(2025, 1, 1), Fraction(42, 100))


def test_a_number_that_the_policy_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(AllocatorError) as error:
        with_weights(text_of("merit-only"), {"balance.women.weight": Fraction(1)}, ON)
    assert error.value.code == "policy-no-dial"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_line_ends_byte_order_marks_and_letters_of_any_script_move_nothing(
    end: str, start: str
) -> None:
    text = start + text_of("itu-t-2024").replace("title: Women", "title: Жінки 女性 🌍")
    text = text.replace("\n", end)
    after = with_weights(text, {"balance.women.weight": Fraction(61, 2)}, ON)
    assert after == text.replace("weight: {value: 25,", "weight: {value: 30.5,")


@pytest.mark.parametrize(
    "form", ["25", "'25'", '"25"', "{value: 25}", "|\n      25", ">-\n      25"]
)
def test_a_number_is_replaced_however_it_is_written(form: str) -> None:
    text = text_of("itu-t-2024").replace(
        "weight: {value: 25, reference: C-WEIGHTS}", f"weight: {form}"
    )
    after = read(with_weights(text, {"balance.women.weight": Fraction(7)}, ON))
    [change] = diff(read(text), after)
    assert (change.old, change.new) == ("25", "7")


@SOME
@given(st.fractions(0, 1, max_denominator=1000))
def test_a_share_is_written_so_that_it_reads_as_itself(share: Fraction) -> None:
    text = with_weights(text_of("itu-t-2024"), {"balance.women.target": share}, ON)
    dial = next(each for each in dials(read(text), ON) if each.name == "balance.women.target")
    assert dial.value == share


@SOME
@given(st.integers(0, 100_000))
def test_points_are_written_so_that_they_read_as_themselves(thousandths: int) -> None:
    value = Fraction(thousandths, 1000)
    text = with_values("weight: 1 # why", {("weight",): written(value, Unit.POINTS)})
    assert text.endswith(" # why")
    assert Fraction(text.removesuffix(" # why").removeprefix("weight: ")) == value


@SOME
@given(st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=40))
def test_a_version_may_be_called_anything(version: str) -> None:
    text = with_header(text_of("itu-t-2024"), f"v{version}", ON)
    header = read(text).content.policy
    assert header.version == f"v{version}".strip()
    assert header.changed == ON


def test_a_day_of_change_is_stated_only_where_it_was() -> None:
    without = text_of("itu-t-2024").replace("  changed: 2026-11-23\n", "")
    assert "changed:" not in with_header(without, "2", ON)
    empty = text_of("itu-t-2024").replace("  changed: 2026-11-23\n", "  changed:\n")
    assert read(with_header(empty, "2", ON)).content.policy.changed is None
