"""The file ``overrides.yaml`` becomes overrides, and these become floors, caps and money.

An override is settled into the rules as a floor or a cap on one application, so that programme,
proof, verifier and conflicts know nothing of overrides. Money already spent or saved outside the
awards lowers or raises the line it concerns.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from pydantic import Field

from allocator.errors import AllocatorError, Problem, Where, has_errors, ordered, problem
from allocator.fields import Day, Part, SignedMoney, Text, closest, suggestion, validate
from allocator.intake.folding import fold, plain
from allocator.model import Package, Pool, Round, Selector
from allocator.rules import Bound, Measure, Rules
from allocator.strict_yaml import read_yaml
from allocator.texts import say

OVERRIDES = "overrides.yaml"

LONGER = 10
"""A reallocation writes an override for every published award: thousands in a year's round."""

MOST_NAMED = 20
"""More applications than this are not listed in a message."""


class OverrideKind(StrEnum):
    """What an override does to an application.

    ``keep`` is for an award that was published and stands, ``withdrawn`` for one whose applicant
    does not come: to the programme they are an award that must and one that must not be made.
    """

    MUST = "must award"
    MUST_NOT = "must not award"
    KEEP = "keep"
    WITHDRAWN = "withdrawn"

    @property
    def awards(self) -> bool:
        """Tell whether it asks for an award."""
        return self in (OverrideKind.MUST, OverrideKind.KEEP)


CODES = {
    ("floor", "override"): "awarded-by-override",
    ("floor", "kept"): "kept",
    ("cap", "override"): "override",
    ("cap", "withdrawn"): "withdrawn",
}
"""The reason code of each kind of override, by its row and the prefix of its clause."""

_PREFIX = {
    OverrideKind.MUST: "override",
    OverrideKind.MUST_NOT: "override",
    OverrideKind.KEEP: "kept",
    OverrideKind.WITHDRAWN: "withdrawn",
}
_CLAUSE = re.compile(r"(floor|cap)\[(override|kept|withdrawn):(.+)\]", re.DOTALL)
_EVERYBODY = Selector()


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision on one application, with its reason and its author.

    ``package`` fixes what is awarded; ``None`` leaves it to the method. ``line`` is where it stands
    in the file, for messages only.
    """

    application_id: str
    decision: OverrideKind
    reason: str
    by: str
    on: date
    package: Package | None = None
    line: int = field(default=0, compare=False)

    @property
    def bound_id(self) -> str:
        """Return the id of its floor or cap; no policy can have one with a colon."""
        return f"{_PREFIX[self.decision]}:{self.application_id}"

    @property
    def where(self) -> Where:
        """Return the place in the file."""
        return Where(file=OVERRIDES, line=self.line)


type Spent = tuple[tuple[str, int], ...]
"""(``fund[<id>]`` or ``budget[<meeting>]``, minor units gone from it, below 0 if saved), sorted."""


@dataclass(frozen=True, slots=True)
class OverridesFile:
    """What ``overrides.yaml`` says: sorted by application, and by line."""

    overrides: tuple[Override, ...]
    spent: Spent


class _OverrideEntry(Part):
    """One override."""

    application: Text = Field(description="The application's id.")
    decision: OverrideKind = Field(description="What is to happen to it.")
    package: Package | None = Field(None, description="Fixes the package.")
    reason: Text = Field(description="Why.")
    by: Text = Field(description="Who decided it.")
    on: Day = Field(description="When.")


class _OverridesEntry(Part):
    """The whole file."""

    overrides: tuple[_OverrideEntry, ...] = Field((), description="The overrides.")
    spent: dict[Text, SignedMoney] = Field({}, description="Money gone from a line, or saved.")


def read_overrides(data: bytes) -> OverridesFile:
    """Read ``overrides.yaml``.

    Raises
    ------
    AllocatorError
        Every problem of its form, with its line; two overrides of one application among them.
    """
    document = read_yaml(data, OVERRIDES, times=LONGER)
    entry = validate(_OverridesEntry, document)
    found = [
        Override(
            application_id=plain(each.application),
            decision=each.decision,
            reason=each.reason,
            by=each.by,
            on=each.on,
            package=each.package,
            line=document.line(("overrides", at)),
        )
        for at, each in enumerate(entry.overrides)
    ]
    problems = [*wrong_by_themselves(found), *_twice(found)]
    if problems:
        raise AllocatorError(ordered(problems))
    overrides = sorted(found, key=lambda each: each.application_id)
    return OverridesFile(tuple(overrides), tuple(sorted(entry.spent.items())))


def wrong_by_themselves(overrides: Iterable[Override]) -> Iterator[Problem]:
    """Yield overrides with a package where there can be none, or without one that is needed."""
    for each in overrides:
        if each.decision is OverrideKind.KEEP and each.package is None:
            yield problem("override-no-package", each.where, value=each.application_id)
        if not each.decision.awards and each.package is not None:
            decision = each.decision.value
            value = each.application_id
            yield problem("override-package-idle", each.where, value=value, decision=decision)


def _twice(overrides: Iterable[Override]) -> Iterator[Problem]:
    """Yield every override of an application that has one already: a person must choose."""
    first: dict[str, Override] = {}
    for each in overrides:
        earlier = first.setdefault(each.application_id, each)
        if earlier is not each:
            yield problem(
                "override-twice",
                each.where,
                value=each.application_id,
                decision=each.decision.value,
                earlier=earlier.decision.value,
                line=earlier.line,
            )


def overrides_yaml(overrides: Iterable[Override], spent: Spent = ()) -> bytes:
    """Return the one canonical form of the file; reading it gives the same overrides again."""
    lines = ["overrides:"]
    for each in sorted(overrides, key=lambda each: each.application_id):
        parts = [
            f"application: {_quoted(each.application_id)}",
            f"decision: {each.decision.value}",
            *([f"package: {each.package.value}"] if each.package else []),
            f"reason: {_quoted(each.reason)}",
            f"by: {_quoted(each.by)}",
            f"on: {each.on.isoformat()}",
        ]
        lines += [f"{'    ' if at else '  - '}{part}" for at, part in enumerate(parts)]
    lines.append("spent:")
    lines += [f"  {_quoted(line)}: {_amount(amount)}" for line, amount in sorted(spent)]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _quoted(text: str) -> str:
    """Return a text between double quotes, with what YAML takes for the end of a line escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda at: f"\\u{ord(at[0]):04x}", quoted)


def _amount(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


# --- settling -----------------------------------------------------------------------------------


def settled_overrides(
    found: OverridesFile, applications: Sequence[str], round_: Round, rules: Rules
) -> tuple[Round, Rules]:
    """Return round and rules with overrides and spent money in them.

    Parameters
    ----------
    found : OverridesFile
        The file.
    applications : sequence of str
        The ids of all applications of the round.
    round_, rules : Round, Rules
        As they are without any override.

    Raises
    ------
    AllocatorError
        An override of an unknown application, or money gone from a line that has none.
    """
    lines = money_lines(round_)
    problems = [*_unknown(found.overrides, applications), *_overspent(found.spent, lines)]
    if has_errors(problems):
        raise AllocatorError(ordered(problems))
    return moved_money(round_, found.spent), with_bounds(rules, found.overrides)


def _unknown(overrides: Iterable[Override], applications: Sequence[str]) -> Iterator[Problem]:
    known = frozenset(applications)
    alike = Counter(fold(each) or each for each in applications)
    for each in overrides:
        name = each.application_id
        if name not in known:
            names = list(applications)
            short = len(names) <= MOST_NAMED or closest(name, names) is not None
            hint = suggestion(name, names) if short else ""
            yield problem("override-unknown", each.where, value=name, hint=hint)
        elif alike[fold(name) or name] > 1:
            yield problem("override-ambiguous", each.where, value=name)


def money_lines(round_: Round) -> dict[str, int]:
    """Return what every fund and every meeting with a budget of its own has, by line."""
    funds = {f"fund[{each.id}]": each.amount for each in round_.funds}
    budgets = {f"budget[{m.id}]": m.budget for m in round_.meetings if m.budget is not None}
    return funds | budgets


def _overspent(spent: Spent, lines: dict[str, int]) -> Iterator[Problem]:
    where = Where(file=OVERRIDES)
    for line, amount in spent:
        if line not in lines:
            yield problem(
                "override-unknown-line", where, value=line, hint=suggestion(line, list(lines))
            )
        elif amount > lines[line]:
            has = _amount(lines[line])
            yield problem("override-overspent", where, value=line, amount=_amount(amount), has=has)


def moved_money(round_: Round, spent: Spent, *, back: bool = False) -> Round:
    """Return the round with money taken from its lines; with ``back``, put there again."""
    gone = {line: -amount if back else amount for line, amount in spent}
    return replace(
        round_,
        funds=tuple(
            replace(each, amount=each.amount - gone.get(f"fund[{each.id}]", 0))
            for each in round_.funds
        ),
        meetings=tuple(
            each
            if each.budget is None
            else replace(each, budget=each.budget - gone.get(f"budget[{each.id}]", 0))
            for each in round_.meetings
        ),
    )


def with_bounds(rules: Rules, overrides: Iterable[Override]) -> Rules:
    """Return the rules with these overrides, instead of any they have."""
    plain_rules = without_overrides(rules)
    by_id = sorted(overrides, key=lambda each: each.application_id)
    floors = (_bound(each) for each in by_id if each.decision.awards)
    caps = (_bound(each) for each in by_id if not each.decision.awards)
    return replace(
        plain_rules,
        floors=(*plain_rules.floors, *floors),
        caps=(*plain_rules.caps, *caps),
    )


def without_overrides(rules: Rules) -> Rules:
    """Return the rules as the policy alone gives them."""
    return replace(
        rules,
        floors=tuple(each for each in rules.floors if override_of(f"floor[{each.id}]") is None),
        caps=tuple(each for each in rules.caps if override_of(f"cap[{each.id}]") is None),
    )


def _bound(override: Override) -> Bound:
    conditions = [("application", (override.application_id,))]
    if override.package is not None:
        conditions.append(("package", (override.package.value,)))
    awards = override.decision.awards
    return Bound(
        id=override.bound_id,
        group=Selector(tuple(conditions)),
        of=_EVERYBODY,
        measure=Measure.AWARDS,
        share=False,
        at_least=Fraction(1) if awards else None,
        at_most=None if awards else Fraction(0),
        reference=None,
        title=say(
            f"override.title.{override.decision.name.lower()}", value=override.application_id
        ),
    )


def override_of(clause: str) -> tuple[str, str] | None:
    """Return the application and the reason code of a clause that is an override.

    ``floor[override:A1]`` gives ``("A1", "awarded-by-override")``; any other clause ``None``.
    """
    found = _CLAUSE.fullmatch(clause)
    code = CODES.get((found[1], found[2])) if found else None
    return (found[3], code) if found and code else None


def overridden(clauses: Iterable[str]) -> dict[str, str]:
    """Return the reason code of every application with an override among clauses, by id."""
    return dict(each for each in map(override_of, clauses) if each is not None)


def refused_overrides(overrides: Iterable[Override], pool: Pool) -> Iterator[Problem]:
    """Yield every override that no allocation could follow, whatever else is decided.

    Eligibility is not for an override to grant, and an application is only awarded what it accepts.
    """
    findings = {each.application.application_id: each.findings for each in pool.ineligible}
    costs = {each.application.application_id: each.costs for each in pool.candidates}
    for each in overrides:
        name = each.application_id
        if not each.decision.awards:
            continue
        if name in findings:
            rules = ", ".join(finding.rule for finding in findings[name])
            why = " ".join(finding.text for finding in findings[name])
            yield problem("override-ineligible", each.where, value=name, rules=rules, why=why)
        elif name in costs and each.package is not None:
            accepted = [cost.package for cost in costs[name]]
            if each.package not in accepted:
                choices = ", ".join(accepted)
                yield problem(
                    "override-package",
                    each.where,
                    value=name,
                    package=each.package.value,
                    accepted=choices,
                )
