"""Each case of the YAML files beside this one is decided as it says, and so does the oracle."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from allocator.errors import AllocatorError
from allocator.explain.decisions import decision_lines
from allocator.model import Fund, Gender, Package, Selector
from allocator.optimise.solve import allocate
from allocator.rules import BalanceFactor, Bound, Measure, PairScope, Rules, UnitLimit
from tests.builders import PLAIN_RULES, Small, candidate, meeting, pool_of, round_of, where
from tests.oracle import decide
from tests.referee import check

HERE = Path(__file__).parent
UNITS = {
    "one full or two partial": UnitLimit(2, 1, 1, 2, None),
    "one journey": UnitLimit(1, 1, 0, 1, None),
    "one award": UnitLimit(1, 1, 1, 1, None),
    "two awards": UnitLimit(1, 1, 1, 2, None),
}
KEYS = {"name", "why", "meetings", "funds", "rules", "seed", "applications", "expect"}
APPLICATION_KEYS = {"merit", "full", "ticket", "dsa", "from", "gender", "meeting", "person", "used"}
EXPECTED_KEYS = {"awarded", "value", "tied", "paid_by", "reasons", "conflicts"}


def cases() -> list[object]:
    found = []
    for path in sorted(HERE.glob("*.yaml")):
        for case in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def selector(given: dict | None) -> Selector:
    return where(
        **{a: v if isinstance(v, str) else tuple(v) for a, v in (given or {}).items()},
    )


def as_round(case: dict) -> Small:
    assert set(case) <= KEYS and set(case["expect"]) <= EXPECTED_KEYS
    meetings = [meeting(name, **facts) for name, facts in case.get("meetings", {"m1": {}}).items()]
    funds = []
    for name, facts in case.get("funds", {}).items():
        facts = facts if isinstance(facts, dict) else {"amount": facts}
        funds.append(Fund(name, name, facts["amount"], selector(facts.get("only"))))
    return Small(
        pool_of([_candidate(name, row) for name, row in case["applications"].items()]),
        round_of(meetings, funds, seed=case.get("seed", "cases")),
        _rules(**case.get("rules", {})),
    )


def _candidate(name: str, row: dict):
    assert set(row) <= APPLICATION_KEYS, name
    return candidate(
        name,
        merit=row["merit"] * 1000,
        costs={p: row[p.value] for p in Package if p.value in row},
        meeting=row.get("meeting", "m1"),
        administration=row.get("from", "KEN"),
        gender=Gender(row.get("gender", "not stated")),
        person=row.get("person", ""),
        used=row.get("used", 0),
    )


def _rules(
    quota: str = "",
    person_year: str = "",
    ticket_in_pair: str = "none",
    floors: tuple = (),
    caps: tuple = (),
    balance: tuple = (),
    coverage: dict | None = None,
    share_between_funds: bool = True,
) -> Rules:
    covered = {f"coverage_{p}": Fraction(share) for p, share in (coverage or {}).items()}
    return replace(
        PLAIN_RULES,
        quota=UNITS.get(quota),
        person_year=UNITS.get(person_year),
        ticket_in_pair=PairScope(ticket_in_pair),
        floors=tuple(_bound(floor=True, **each) for each in floors),
        caps=tuple(_bound(floor=False, **each) for each in caps),
        balance=tuple(_factor(**each) for each in balance),
        share_between_funds=share_between_funds,
        **covered,
    )


def _bound(
    id: str,
    floor: bool,
    group: dict | None = None,
    of: dict | None = None,
    share: str = "",
    number: int = 0,
    measure: str = "awards",
) -> Bound:
    level = Fraction(share or number)
    least, most = (level, None) if floor else (None, level)
    return Bound(
        id, selector(group), selector(of), Measure(measure), bool(share), least, most, None
    )


def _factor(
    id: str,
    weight: int,
    group: dict | None = None,
    target: str = "proportional",
    each: str = "",
    measure: str = "awards",
    money_unit: int = 1000,
) -> BalanceFactor:
    return BalanceFactor(
        id,
        id,
        selector(group),
        each or next(iter(group or {})),
        None if target == "proportional" else Fraction(target),
        Measure(measure),
        weight * 1000,
        None,
        each,
        money_unit,
    )


@pytest.mark.parametrize("case", cases())
def test_case_is_decided_as_it_says(case):
    small, expected = as_round(case), case["expect"]
    verdict = decide(small.pool, small.round, small.rules)
    if "conflicts" in expected:
        conflicts = {frozenset(each) for each in expected["conflicts"]}
        assert verdict.conflicts == conflicts
        with pytest.raises(AllocatorError) as refusal:
            allocate(small.pool, small.round, small.rules)
        assert frozenset(refusal.value.conflict) in conflicts
        together = "all of these together" in str(refusal.value)
        assert together is (len(refusal.value.conflict) > 1)
        return
    awarded = {name: Package(p) for name, p in expected.get("awarded", {}).items()}
    tied = tuple(expected.get("tied", ()))
    assert (dict(verdict.chosen), verdict.tied) == (awarded, tied)
    assert verdict.value == expected["value"] * 1000

    programme, allocation = allocate(small.pool, small.round, small.rules)
    assert {a.application_id: a.package for a in allocation.awards} == awarded
    assert tuple(draw.application_id for draw in allocation.draws) == tied
    assert allocation.objective == expected["value"] * 1000 * programme.scale
    assert check(small.pool, small.round, small.rules, allocation.awards) == []
    for name, shares in expected.get("paid_by", {}).items():
        assert dict(allocation.award_of(name).shares) == shares
    lines = decision_lines(small.round, small.pool, programme, allocation, {})
    given = {each.application_id: f"{each.reason_code}: {each.reason}" for each in lines}
    for name, reason in expected.get("reasons", {}).items():
        assert given[name].startswith(reason)
