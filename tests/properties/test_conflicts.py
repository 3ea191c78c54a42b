"""Where nothing fits: each clause's smallest relaxation works, and nothing smaller would."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import islice

import pytest

from allocator.errors import AllocatorError
from allocator.model import Round
from allocator.optimise.solve import allocate
from allocator.rules import Bound, Measure, PairScope, Rules
from tests.builders import Small
from tests.oracle import decide
from tests.rounds import numbered

LITTLE = Fraction(1, 10**9)
"""A step smaller than the distance between any two shares of a small round."""


def possible(small: Small, round_: Round, rules: Rules) -> bool:
    return decide(small.pool, round_, rules).value is not None


def refusals(numbers: range):
    """Yield the rounds that are refused, with their relaxations."""
    for number in numbers:
        small = numbered(number)
        try:
            allocate(small.pool, small.round, small.rules)
        except AllocatorError as refusal:
            for relaxation in refusal.relaxations:
                yield number, small, relaxation


def assert_smallest(small: Small, clause: str, text: str, suffices: bool) -> None:
    kind, _, name = clause.rstrip("]").partition("[")
    assert suffices == possible(small, *without(small, kind, name)), text
    if suffices and kind != "ticket_in_pair":
        enough, too_little = steps(small, kind, name, text)
        assert possible(small, *changed(small, kind, name, enough)), text
        assert not possible(small, *changed(small, kind, name, too_little)), text


def without(small: Small, kind: str, name: str) -> tuple[Round, Rules]:
    """Take a clause out."""
    round_, rules = small.round, small.rules
    if kind in ("budget", "fund"):
        return changed(small, kind, name, 10**12)
    if kind == "ticket_in_pair":
        return round_, replace(rules, ticket_in_pair=PairScope.NONE)
    if kind in ("quota", "person_year"):
        return round_, replace(rules, **{kind: None})
    kept = tuple(b for b in getattr(rules, f"{kind}s") if b.id != name)
    return round_, replace(rules, **{f"{kind}s": kept})


def changed(small: Small, kind: str, name: str, to: int | Fraction) -> tuple[Round, Rules]:
    """Put another number in a clause."""
    round_, rules = small.round, small.rules
    if kind == "budget":
        meetings = (replace(m, budget=to) if m.id == name else m for m in round_.meetings)
        return replace(round_, meetings=tuple(meetings)), rules
    if kind == "fund":
        funds = (replace(f, amount=to) if f.id == name else f for f in round_.funds)
        return replace(round_, funds=tuple(funds)), rules
    if kind in ("quota", "person_year"):
        return round_, replace(rules, **{kind: replace(getattr(rules, kind), at_most=to)})
    side = "at_least" if kind == "floor" else "at_most"
    bounds = (
        replace(b, **{side: Fraction(to)}) if b.id == name else b
        for b in getattr(rules, f"{kind}s")
    )
    return round_, replace(rules, **{f"{kind}s": tuple(bounds)})


def steps(small: Small, kind: str, name: str, text: str) -> tuple[int | Fraction, int | Fraction]:
    """Read the number that would do, and say the one next to it that must not."""
    if kind in ("budget", "fund"):
        there = {m.id: m.budget or 0 for m in small.round.meetings}
        if kind == "fund":
            there = {f.id: f.amount for f in small.round.funds}
        enough = there[name] + money(re.search(r"CHF ([\d ]+\.\d\d) more would do", text)[1])
        return enough, enough - 1
    if kind in ("quota", "person_year"):
        enough = int(re.search(r"a limit of (\d+) units", text)[1])
        return enough, enough - 1
    bound = next(b for b in getattr(small.rules, f"{kind}s") if b.id == name)
    enough = number(bound, re.search(r"(?:share of |at most |at least )([\d /.CHF]*\d)", text)[1])
    step = LITTLE if bound.share else 1
    return enough, enough + step if kind == "floor" else enough - step


def number(bound: Bound, text: str) -> int | Fraction:
    if bound.share:
        return Fraction(text)
    return money(text.removeprefix("CHF ")) if bound.measure is Measure.MONEY else int(text)


def money(text: str) -> int:
    return int(text.replace(" ", "").replace(".", ""))


def hold(numbers: range, most: int) -> None:
    seen = set()
    for number_, small, relaxation in islice(refusals(numbers), most):
        try:
            assert_smallest(small, relaxation.clause, relaxation.text, relaxation.suffices)
        except Exception as failure:
            failure.add_note(f"round tests.rounds.numbered({number_}), {relaxation}")
            raise
        seen.add(relaxation.clause.partition("[")[0])
    assert seen >= {"floor", "fund", "budget", "quota"}


def test_the_relaxations_given_are_the_smallest_that_work():
    hold(range(500), 40)


@pytest.mark.soak
@pytest.mark.parametrize("thousand", range(10))
def test_the_relaxations_given_are_the_smallest_that_work_in_many_rounds(thousand):
    hold(range(thousand * 1000, (thousand + 1) * 1000), 10_000)
