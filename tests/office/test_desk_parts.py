"""The desk's pure parts: the ledger's arithmetic, what a record revives, identities, sentences."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.errors import AllocatorError
from allocator.model import Award, Fund, Meeting, Package, Round, Selector
from allocator.office.desk_words import event_sentence
from allocator.office.identity import from_oidc, from_system
from allocator.office.ledger import Claim, Paid, ledger
from allocator.office.states import FOLLOWS, TRANSITIONS, State
from allocator.office.store_rows import EventRow
from allocator.optimise.allocation import Allocation, Status
from allocator.record import revive
from allocator.record.canonical import canonical
from allocator.record.check_container import unpacked
from allocator.record.record import members
from allocator.texts import catalogue
from tests.records import explained_record, sample_record, tiny_record

DAY = date(2026, 3, 2)
MEETING = Meeting("m", "M", "SG1", DAY, DAY, "Geneva", None, None, "CHF", 1, None, (), 10**9)
FUNDS = tuple(Fund(name, name, 10**8, Selector()) for name in ("a", "b"))
ROUND = Round(
    *("r", "R", "CHF", DAY, "2026", "seed", "bdt"), (MEETING,), FUNDS, (), None, "table", None
)
AMOUNTS = st.integers(0, 10**6)


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Claim], list[Paid]]:
    claims, payments = [], []
    for number in range(draw(st.integers(0, 5))):
        shares = {fund: draw(AMOUNTS) for fund in draw(st.sets(st.sampled_from("ab"), min_size=1))}
        name = f"A{number}"
        award = Award(name, Package.FULL, sum(shares.values()), tuple(sorted(shares.items())))
        claims.append(Claim(award, "m", draw(st.booleans())))
        for fund, owed in sorted(shares.items()):
            paid = draw(st.integers(0, owed))
            payments += [Paid(name, fund, paid + 7), Paid(name, fund, -7)]
    return claims, payments


@given(books(), st.booleans())
def test_every_line_reconciles_to_the_centime(
    found: tuple[list[Claim], list[Paid]], closed: bool
) -> None:
    claims, payments = found
    lines = ledger(ROUND, claims, payments, closed=closed)
    *funds, meeting = lines
    for line in lines:
        assert line.allocated is not None and line.free is not None
        assert line.allocated == line.committed + line.paid + line.free
        assert line.forecast is not None and line.free <= line.forecast <= line.free + line.paid
        assert line.committed >= 0 and line.released >= 0
    for name in ("committed", "paid", "released"):
        assert sum(getattr(each, name) for each in funds) == getattr(meeting, name)
    assert meeting.paid == sum(each.amount for each in payments)
    owed = sum(each.award.amount for each in claims)
    assert meeting.committed + meeting.paid + meeting.released == owed


def test_the_forecast_counts_on_what_was_paid_for_nothing() -> None:
    bare = replace(ROUND, funds=())
    award = Award("A1", Package.DSA, 500)
    for standing, expected in ((True, 0), (False, 200)):
        (line,) = ledger(bare, [Claim(award, "m", standing)], [Paid("A1", "", 200)])
        assert line.forecast is not None and line.free is not None
        assert line.forecast - line.free == expected


def test_a_round_without_funds_is_paid_by_its_meeting() -> None:
    bare = replace(ROUND, funds=())
    claim = Claim(Award("A1", Package.DSA, 500), "m", True)
    (line,) = ledger(bare, [claim], [Paid("A1", "", 200)])
    assert (line.line, line.committed, line.paid) == ("budget[m]", 300, 200)


@pytest.mark.parametrize(
    "record",
    [tiny_record, sample_record, lambda: explained_record("tiny")],
    ids=["tiny", "one meeting", "explained"],
)
def test_a_revived_record_writes_itself_again(record: Any) -> None:
    written = unpacked(record())
    again = members(revive.result_of(record()), revive.loaded_of(record()))
    assert {name for name in again if again[name] != written[name]} == set()
    assert set(written) - set(again) <= {"manifest.json", "decisions.csv"}


def test_numbers_too_large_for_json_are_revived_exactly() -> None:
    large = 2**60 + 1
    allocation = Allocation(Status.OPTIMAL, (large, -large), (), large, large, ())
    assert revive._revived(canonical(allocation), Allocation) == allocation
    forged = canonical(allocation).replace(b'"bound":"', b'"bound":"0')
    with pytest.raises(ValueError):
        revive._revived(forged, Allocation)


def test_a_login_of_the_system_is_not_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = from_system()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "ALLOCATOR_LOGIN"):
        monkeypatch.setenv(name, "somebody-else")
    assert from_system() == own


@pytest.mark.parametrize(
    "claims, code",
    [
        ({}, "office-no-email"),
        ({"email": " "}, "office-no-email"),
        ({"email": "a@itu.int", "email_verified": False}, "office-email-unverified"),
        ({"email": "a@itu.int", "email_verified": "false"}, "office-email-unverified"),
    ],
)
def test_a_provider_must_vouch_for_an_address(claims: Mapping[str, Any], code: str) -> None:
    with pytest.raises(AllocatorError) as refused:
        from_oidc(claims)
    assert refused.value.code == code
    assert from_oidc({"email": "A@ITU.int", "email_verified": True}).login == "a@itu.int"


def test_an_event_of_another_version_still_reads_as_a_sentence() -> None:
    about: dict[str, Any] = dict.fromkeys((each.name for each in fields(EventRow)), "")
    about |= {"kind": "sealed", "actor": "olu", "subject": "round:r", "payload": {}}
    row = EventRow(**about)
    assert event_sentence(row) == "olu: sealed (r)."
    assert "–" in event_sentence(replace(row, kind="noted"))
    assert sum(key.startswith("office.event.") for key in catalogue()) > 30


def test_states_and_outcomes_lead_somewhere() -> None:
    reached = {State.DRAFT, *(each.after for each in TRANSITIONS)}
    assert reached == set(State)
    assert all(before in {"", *FOLLOWS} for after in FOLLOWS.values() for before in after)
    assert "attended" not in {kind for kind, before in FOLLOWS.items() if "no-show" in before}
