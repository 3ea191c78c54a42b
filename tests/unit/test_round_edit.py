"""A round.yaml with single facts changed: comments, order and every other value stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.intake.round_edit import Kind, facts_of, with_entry, with_facts, without_entry
from allocator.intake.template import round_text

TEXT = round_text("one", "The first: round")
DATA = TEXT.encode()
MEETING = ("meetings", 0)
FLOW = b"""{id: one, title: T, currency: CHF, decision_date: 2027-01-25, financial_year: "2027",
lottery_seed: x, meetings: [{id: m, title: M, starts: 2027-03-01, ends: 2027-03-12, city: Geneva,
budget: 90}], funds: [{id: f, title: F, amount: 5}]}
"""


def test_a_value_is_changed_where_it_stands_and_nothing_else() -> None:
    new = with_facts(DATA, {(*MEETING, "dsa_per_day"): "410.50", ("decision_date",): "2027-02-01"})
    old_lines, new_lines = TEXT.splitlines(), new.decode().splitlines()
    differ = [b for a, b in zip(old_lines, new_lines, strict=True) if a != b]
    assert differ == [
        "decision_date: 2027-02-01       # the policy's dated values and the exchange rates are "
        "taken on this day",
        "    dsa_per_day: 410.50            # daily subsistence allowance",
    ]
    assert facts_of(new).meetings[0].dsa_per_day == 41050


def test_a_value_that_is_not_there_is_added_in_its_place_and_can_be_taken_out_again() -> None:
    added = with_facts(DATA, {(*MEETING, "budget"): "90000.00"})
    assert facts_of(added).meetings[0].budget == 9_000_000
    assert len(added.splitlines()) == len(DATA.splitlines()) + 1
    assert with_facts(added, {(*MEETING, "budget"): None}) == DATA


@pytest.mark.parametrize("data", [DATA, DATA.replace(b"\n", b"\r\n"), FLOW, DATA.rstrip()])
def test_every_form_of_the_file_is_read_back_as_it_was_meant(data: bytes) -> None:
    changes = {
        ("title",): 'It\'s "#1": {new}',
        ("lottery_seed",): None,
        (*MEETING, "deadline"): "2027-01-11",
        (*MEETING, "budget"): None,
        ("funds", 0, "amount"): "7.05",
    }
    facts = facts_of(with_facts(data, changes))
    assert facts.title == 'It\'s "#1": {new}'
    assert facts.lottery_seed is None
    assert f"{facts.meetings[0].deadline}" == "2027-01-11"
    assert (facts.meetings[0].budget, facts.funds[0].amount) == (None, 705)


@given(st.text(min_size=1, max_size=60))
def test_no_text_changes_anything_but_its_own_value(text: str) -> None:
    try:
        facts = facts_of(with_facts(DATA, {(*MEETING, "city"): text.strip()}))
    except AllocatorError:
        return  # refused in words, nothing was changed
    assert facts.meetings[0].city == text.strip()
    assert facts.funds == facts_of(DATA).funds


def test_a_cleared_value_that_is_needed_is_refused_as_in_a_file() -> None:
    with pytest.raises(AllocatorError) as refused:
        facts_of(with_facts(DATA, {("funds", 0, "amount"): ""}))
    assert [each.code for each in refused.value.problems] == ["field-wrong"]


def test_what_cannot_be_changed_safely_is_not() -> None:
    for changes in ({("funds",): "none"}, {("meetings", 3, "city"): "Geneva"}):
        with pytest.raises(AllocatorError) as refused:
            with_facts(DATA, changes)
        assert refused.value.code == "round-edit-by-hand"


FORMS = [
    DATA,
    DATA.replace(b"\n", b"\r\n"),
    FLOW,
    DATA.rstrip(),
    DATA + b"# the end",
    DATA[: DATA.index(b"\n# One unit")],
    DATA.replace(b"  - id: f", b"- id: f")
    .replace(b"    title: Fellowship", b"  title: Fellowship")
    .replace(b"    amount", b"  amount"),
]
MEETING_ENTRY = {
    "id": "m2",
    "title": "The second: #2",
    "starts": "2027-05-03",
    "ends": "2027-05-07",
    "city": "Lomé",
}
FUND_ENTRY = {"id": "f2", "title": "Gift", "amount": "70.50"}


@pytest.mark.parametrize("data", FORMS)
@pytest.mark.parametrize(("kind", "entry"), [("meetings", MEETING_ENTRY), ("funds", FUND_ENTRY)])
def test_an_entry_is_added_and_taken_out_again(
    data: bytes, kind: Kind, entry: dict[str, str]
) -> None:
    added = with_entry(data, kind, entry)
    entries = getattr(facts_of(added), kind)
    assert [entries[1].id, entries[1].title] == [entry["id"], entry["title"]]
    assert with_entry(added, kind, entry) != added
    taken = without_entry(added, kind, 1)
    assert taken.rstrip() == data.rstrip()
    first = facts_of(without_entry(added, kind, 0))
    assert getattr(first, kind) == entries[1:]


def test_the_first_fund_is_added_where_there_is_none() -> None:
    before, rest = TEXT.split("funds:")
    bare = (before + rest[rest.index("# One unit") :]).encode()
    assert facts_of(bare).funds == ()
    assert facts_of(with_entry(bare, "funds", FUND_ENTRY)).funds[0].amount == 7050


def test_the_last_entry_stays_and_odd_files_are_left_alone() -> None:
    odd = DATA.replace(b"  - id: fellowships", b"  -\n    id: fellowships")
    more = with_entry(odd, "funds", FUND_ENTRY)
    for data, at in ((DATA, 0), (DATA, 1), (DATA, -1), (more, 0)):
        with pytest.raises(AllocatorError) as refused:
            without_entry(data, "funds", at)
        assert refused.value.code == "round-edit-by-hand"
    assert facts_of(without_entry(more, "funds", 1)) == facts_of(DATA)
