"""Small random rounds that use every rule: from a number by hashing, or from hypothesis.

``numbered(7)`` is the same round on every machine; ``small_rounds()`` draws the same kind of round
so that a failing one shrinks. Every draw's first alternative is the plainest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from allocator.model import Candidate, Fund, Gender, Package, Selector
from allocator.rules import BalanceFactor, Bound, Measure, PairScope, Rules, UnitLimit
from tests.builders import (
    DSA,
    EVERYBODY,
    FULL,
    PLAIN_RULES,
    REGION,
    TICKET,
    Small,
    candidate,
    meeting,
    pool_of,
    round_of,
    where,
)

type Choose = Callable[[int], int]
"""Draw a number from 0 up to, not including, the argument."""

MOST_OUTCOMES = 40_000
MOST_OPTIONS = 20
ACCEPTED = (
    (FULL,), (FULL, TICKET, DSA), (FULL, TICKET), (FULL, DSA), (TICKET, DSA), (TICKET,), (DSA,),
)  # fmt: skip


class _Draw:
    """Named draws over ``choose``."""

    def __init__(self, choose: Choose):
        self.choose = choose

    def one[T](self, *alternatives: T) -> T:
        return alternatives[self.choose(len(alternatives))]

    def upto(self, most: int) -> int:
        return self.choose(most + 1)

    def odds(self, one_in: int) -> bool:
        """True once in ``one_in`` times."""
        return self.choose(one_in) == one_in - 1


def draw_round(choose: Choose) -> Small:
    """Draw a round: applications first, then money as a part of what they ask, then the rules."""
    draw = _Draw(choose)
    meetings = [f"m{i + 1}" for i in range(draw.one(1, 1, 2, 3))]
    candidates = _candidates(draw, meetings)
    asked = sum(max(k.amount for k in c.costs) for c in candidates)
    halls = [
        meeting(name, city=draw.one("Geneva", " GENEVA", "Cairo"), budget=_budget(draw, asked))
        for name in meetings
    ]
    funds = [
        Fund(f"f{i + 1}", f"Fund {i + 1}", _amount(draw, asked), _restriction(draw))
        for i in range(draw.one(0, 1, 2, 3))
    ]
    round_ = round_of(halls, funds, seed=f"seed {draw.upto(9)}")
    return Small(pool_of(candidates), round_, _rules(draw, asked, len(candidates)))


def _candidates(draw: _Draw, meetings: list[str]) -> list[Candidate]:
    """Draw up to nine; every third round is crowded with applications much like each other."""
    crowded = draw.odds(3)
    merits = draw.one((60,), (40, 60), (40, 50, 60, 70, 80), tuple(range(101)))
    fares = draw.one((1000,), (500, 1000), (0, 700, 1300), tuple(range(300, 2500, 7)))
    stay = draw.one(4000, 400, 0)
    people: dict[str, tuple[Gender, str, int]] = {}
    made: list[Candidate] = []
    outcomes, options = 1, 0
    for i in range(draw.one(1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 7, 8, 9)):
        accepted = ACCEPTED[draw.choose(len(ACCEPTED))] if draw.odds(2) else draw.one(*ACCEPTED[:2])
        outcomes, options = outcomes * (1 + len(accepted)), options + len(accepted)
        if outcomes > MOST_OUTCOMES or options > MOST_OPTIONS:
            break
        person = f"p{draw.upto(i)}" if draw.odds(4) and not crowded else f"p{i}"
        if person not in people:
            people[person] = _person(draw, crowded)
        gender, state, used = people[person]
        merit = 1000 * draw.one(*(merits[:2] if crowded else merits))
        fare = 100 * draw.one(*(fares[:1] if crowded else fares))
        odd = draw.odds(8) and not crowded
        made.append(
            candidate(
                f"A{(i * 7) % 10}{draw.upto(9)}",
                merit=merit + (draw.upto(999) if odd else 0),
                costs=_costs(accepted, fare, stay * 100, draw.upto(3000) if odd else 0),
                meeting=draw.one(*meetings),
                administration=state,
                gender=gender,
                person=person,
                used=used,
                extra={"language": draw.one("", "fr", "es")} if draw.odds(2) else None,
            )
        )
    return made


def _person(draw: _Draw, crowded: bool) -> tuple[Gender, str, int]:
    """Draw gender, Member State, half-units used; a crowd is of two States and used none."""
    gender = draw.one(Gender.FEMALE, Gender.MALE, Gender.MALE, *Gender)
    if crowded:
        return gender, draw.one("KEN", "KEN", "MLI"), 0
    return gender, draw.one(*REGION), draw.one(0, 0, 0, 1, 2, 3)


def _costs(accepted: tuple[Package, ...], fare: int, stay: int, odd: int) -> dict[Package, int]:
    usual = {FULL: fare + stay + odd, TICKET: fare, DSA: stay}
    return {p: usual[p] for p in accepted}


def _amount(draw: _Draw, asked: int) -> int:
    return asked * draw.one(4, 0, 2, 3, 4, 5, 6, 8) // 8 + draw.one(0, 0, 1)


def _budget(draw: _Draw, asked: int) -> int | None:
    return None if draw.odds(2) else _amount(draw, asked)


def _restriction(draw: _Draw) -> Selector:
    return draw.one(
        *[EVERYBODY] * 6,
        where(meeting="m1"),
        where(meeting=("m1", "m2")),
        where(region="Africa"),
        where(country_group=("ldc", "Asia-Pacific")),
        where(country_group="lldc", package=("full", "ticket")),
        where(package="ticket"),
        where(package=("ticket", "dsa")),
        where(gender=("female", "other")),
        where(language="fr"),
        where(administration=("KEN", "PER")),
    )


def _group(draw: _Draw) -> Selector:
    return draw.one(
        where(gender="female"),
        where(gender=("female", "other")),
        where(country_group="ldc"),
        where(region=("Africa", "Americas")),
        where(language="fr"),
        where(administration="BTN"),
        where(gender="female", region="Africa"),
        where(package="full"),
        where(meeting="m2"),
    )


def _bound(draw: _Draw, name: str, asked: int, count: int, floor: bool) -> Bound:
    measure = draw.one(*Measure)
    share = draw.one(True, False)
    if share:
        of = draw.one(EVERYBODY, EVERYBODY, where(region="Africa"), where(meeting="m1"))
        level = draw.one(Fraction(1, 2), Fraction(1, 3), Fraction(2, 5), Fraction(1), Fraction(0))
    else:
        of = EVERYBODY
        most = {Measure.AWARDS: count, Measure.HALF_UNITS: 2 * count, Measure.MONEY: asked}
        level = Fraction(most[measure] * draw.upto(4) // 8)
    return Bound(
        id=name,
        group=draw.one(EVERYBODY, *[_group(draw)] * 3) if not share else _group(draw),
        of=of,
        measure=measure,
        share=share,
        at_least=level if floor else None,
        at_most=None if floor else level,
        reference=None,
    )


def _factor(draw: _Draw, name: str) -> BalanceFactor:
    each = draw.one("", "", "", "region", "language", "country_group")
    attribute = draw.one("gender", "gender", "country_group", "region", "language")
    group = draw.one(
        where(**{attribute: {"gender": "female", "country_group": "ldc", "region": "Africa",
                             "language": "fr"}[attribute]}),
        where(gender="female", region="Africa"),
    )  # fmt: skip
    known_by = attribute if len(group.conditions) == 1 else "gender"
    shares = (None, Fraction(1, 2), Fraction(2, 5), Fraction(1, 3), Fraction(1))
    return BalanceFactor(
        id=name,
        title=f"Balance {name}",
        group=EVERYBODY if each else group,
        known_by=each or known_by,
        target=None if each else draw.one(*shares),
        measure=draw.one(*Measure),
        weight=draw.one(20_000, 0, 5_000, 10_000, 25_000, 60_000, 12_345),
        reference=None,
        each=each,
        money_unit=draw.one(100_000, 1_000, 70_000),
    )


def _rules(draw: _Draw, asked: int, count: int) -> Rules:
    ticket, dsa = draw.one((3, 2), (5, 5), (4, 6), (7, 3), (5, 0), (10, 10))
    return replace(
        PLAIN_RULES,
        quota=draw.one(
            None,
            UnitLimit(2, 1, 1, 2, None),
            UnitLimit(2, 1, 1, 2, None),
            UnitLimit(1, 1, 1, 1, None),
            UnitLimit(2, 1, 1, 3, None),
            UnitLimit(1, 1, 1, 2, None),
            UnitLimit(3, 2, 1, 4, None),
        ),
        ticket_in_pair=draw.one(PairScope.NONE, PairScope.GENEVA, PairScope.ALL),
        person_year=draw.one(
            None,
            UnitLimit(2, 1, 1, 2, None),
            UnitLimit(2, 1, 1, 4, None),
            UnitLimit(1, 1, 1, 1, None),
        ),
        floors=tuple(
            _bound(draw, f"floor{i}", asked, count, floor=True)
            for i in range(draw.one(0, 0, 0, 1, 2))
        ),
        caps=tuple(
            _bound(draw, f"cap{i}", asked, count, floor=False)
            for i in range(draw.one(0, 0, 0, 1, 2))
        ),
        coverage_full=draw.one(Fraction(1), Fraction(1), Fraction(9, 10)),
        coverage_ticket=Fraction(ticket, 10),
        coverage_dsa=Fraction(dsa, 10),
        balance=tuple(_factor(draw, f"b{i}") for i in range(draw.one(0, 1, 1, 2, 3))),
        share_between_funds=draw.one(True, False),
    )


def hashed(number: int, label: str = "small round") -> Choose:
    """Return a source of draws that is the same everywhere: SHA-256 of label, number and turn."""
    turn = 0

    def choose(bound: int) -> int:
        nonlocal turn
        turn += 1
        digest = hashlib.sha256(f"{label}/{number}/{turn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % bound

    return choose


def numbered(number: int) -> Small:
    """Return the small round of this number."""
    return draw_round(hashed(number))


@st.composite
def small_rounds(draw: st.DrawFn) -> Small:
    """Draw small rounds that shrink towards few applications and few rules."""
    return draw_round(lambda bound: draw(st.integers(0, bound - 1)))
