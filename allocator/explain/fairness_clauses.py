"""Which clauses look at gender, and rules in which one of them alone sees another gender.

A clause looks at gender if it names the attribute, in whatever spelling. To see what one clause
does by itself, every other clause is turned to the attribute ``STATED``, which holds what each
application really states.
"""

from dataclasses import dataclass, replace

from allocator.intake.groups import attribute_name
from allocator.model import Fund, Round, Selector
from allocator.rules import BalanceFactor, Bound, Criterion, EligibilityRule, Rules

GENDER = "gender"

STATED = attribute_name("gender as really stated")
"""Attribute (and extra column) with the gender that an application states in the round's file."""


@dataclass(frozen=True, slots=True)
class Law:
    """What decides a round: its own facts and the rules."""

    round: Round
    rules: Rules


type Clause = EligibilityRule | Bound | Criterion | BalanceFactor | Fund


def gender_clauses(law: Law) -> tuple[str, ...]:
    """Return the paths of the clauses that look at gender, in the order in which they act.

    Paths are those of the policy file, as ``policy_promises.gender_parameters`` names them
    (``balance.women``), and ``funds.<id>`` for a fund's restriction in the round.
    """
    rules = law.rules
    clauses: tuple[tuple[str, tuple[Clause, ...]], ...] = (
        ("eligibility", rules.eligibility),
        ("limits.floors", rules.floors),
        ("limits.caps", rules.caps),
        ("merit.criteria", rules.criteria),
        ("balance", rules.balance),
        ("funds", law.round.funds),
    )
    return tuple(
        f"{kind}.{clause.id}"
        for kind, parts in clauses
        for clause in parts
        if clause != _turned(clause)
    )


def seen_only_by(law: Law, path: str) -> Law:
    """Return rules and round in which only the clause of this path sees a gender put in place."""

    def others[T: Clause](kind: str, clauses: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(
            clause if f"{kind}.{clause.id}" == path else _turned(clause) for clause in clauses
        )

    rules = law.rules
    return Law(
        replace(law.round, funds=others("funds", law.round.funds)),
        replace(
            rules,
            eligibility=others("eligibility", rules.eligibility),
            floors=others("limits.floors", rules.floors),
            caps=others("limits.caps", rules.caps),
            criteria=others("merit.criteria", rules.criteria),
            balance=others("balance", rules.balance),
        ),
    )


def _turned[T: Clause](clause: T) -> T:
    """Return a clause that looks at ``STATED`` where it looked at gender."""
    if isinstance(clause, EligibilityRule):
        alternatives = tuple(_turned(each) for each in clause.rules)
        return replace(clause, column=_name(clause.column), rules=alternatives)
    if isinstance(clause, Bound):
        return replace(clause, group=_selector(clause.group), of=_selector(clause.of))
    if isinstance(clause, Criterion):
        return replace(clause, column=_name(clause.column))
    if isinstance(clause, Fund):
        return replace(clause, only=_selector(clause.only))
    return replace(
        clause,
        group=_selector(clause.group),
        known_by=_name(clause.known_by),
        each=_name(clause.each),
    )


def _selector(selector: Selector) -> Selector:
    return Selector(tuple((_name(name), values) for name, values in selector.conditions))


def _name(written: str) -> str:
    return STATED if attribute_name(written) == GENDER else written
