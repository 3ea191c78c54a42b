"""A round without its persons: what a policy analyst gets, good for every what-if.

Names are empty and person ids become pseudonyms, keyed by a secret of the store: the same in every
round, and nobody without the secret can try out whose they are. Free text is gone. Where a policy
looks at a column that people fill in freely, only what the policy reads in it is left, in the
policy's own words, so that merit and groups come out the same. The input files, the proof (which
names persons in its clauses) and the reasons of overrides are left out.

Application ids stay, since decisions are published by them; one that holds the name or the id of
its person becomes a pseudonym too.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, cast

from allocator.errors import Problem
from allocator.explain.explanation import Explanation, Obstacle
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound, all_rules, selectors
from allocator.intake.folding import fold
from allocator.intake.groups import Describer, attribute_name
from allocator.intake.roles import said_in
from allocator.intake.values import Unreadable, as_number, as_yes_no
from allocator.model import Application, Candidate, Ineligible, PriorAward, Round
from allocator.optimise.programme import Programme
from allocator.rules import Rules
from allocator.texts import say

SHORTEST = 3
"""A name of fewer letters is not looked for inside an application id: it is in too many words."""

_OF_PERSONS = ("person_meeting[", "person_year[", "person_full[")
"""How clauses begin that name a person first."""

_POLICY = 2
"""How many files, from the first, hold the round and the policy."""


class Pseudonyms:
    """Replaces what identifies people, always in the same way."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def person(self, person_id: str) -> str:
        """Return the pseudonym of a person; nobody's is nobody's."""
        return f"P-{self._digest('person', person_id)}" if person_id else ""

    def of_award(self, award: PriorAward) -> PriorAward:
        """Return an award of the past without its person."""
        return replace(award, person_id=self.person(award.person_id))

    def hidden_ids(self, applications: Iterable[Application]) -> dict[str, str]:
        """Return a pseudonym for every application id that tells who its person is."""
        return {
            each.application_id: f"A-{self._digest('application', each.application_id)}"
            for each in applications
            if _tells(each)
        }

    def of_loaded(self, loaded: LoadedRound) -> LoadedRound:
        """Return a round without its persons; its files hold the policy alone."""
        masks = _masks(loaded.round, loaded.rules)
        hidden = self.hidden_ids(loaded.applications)
        kept = [
            (name, digest if at == _POLICY - 1 else "", content if at == _POLICY - 1 else b"")
            for at, (name, digest, content) in enumerate(loaded.files[: _POLICY + 1])
        ]
        found = replace(
            loaded,
            applications=tuple(self._application(each, masks) for each in loaded.applications),
            prior_awards=tuple(self.of_award(each) for each in loaded.prior_awards),
            problems=tuple(without_values(loaded.problems)),
            files=tuple(kept),
            overrides=tuple(
                replace(each, reason=say("office.withheld")) for each in loaded.overrides
            ),
        )
        return renamed(found, hidden)

    def of_result(self, result: Result) -> Result:
        """Return a run without its persons and without its proof."""
        masks = _masks(result.round, result.rules)
        describer = Describer(result.round, result.rules)
        everybody: list[Candidate | Ineligible] = [
            *result.pool.candidates,
            *result.pool.ineligible,
        ]
        hidden = self.hidden_ids([each.application for each in everybody])

        def masked[C: (Candidate, Ineligible)](each: C) -> C:
            application = self._application(each.application, masks)
            attributes = describer.attributes(application)
            return replace(each, application=application, attributes=attributes)

        pool = replace(
            result.pool,
            candidates=tuple(masked(each) for each in result.pool.candidates),
            ineligible=tuple(masked(each) for each in result.pool.ineligible),
        )
        found = replace(
            result,
            pool=pool,
            programme=self._programme(result.programme),
            problems=tuple(without_values(result.problems)),
            proof=None,
            explanations=tuple(self._explanation(each) for each in result.explanations),
        )
        return renamed(found, hidden)

    def _application(
        self, each: Application, masks: Mapping[str, Callable[[str], str]]
    ) -> Application:
        extra = tuple(
            (header, mask(text))
            for header, text in each.extra
            if (mask := masks.get(attribute_name(header))) is not None
        )
        role = masks.get("role")
        return replace(
            each,
            person_id=self.person(each.person_id),
            family_name="",
            given_name="",
            administration_as_written=each.administration,
            role=role(each.role) if role and each.role else None,
            extra=extra,
        )

    def _programme(self, programme: Programme) -> Programme:
        return replace(
            programme,
            columns=tuple(
                replace(each, name=self._clause(each.name)) for each in programme.columns
            ),
            rows=tuple(replace(each, name=self._clause(each.name)) for each in programme.rows),
        )

    def _explanation(self, each: Explanation) -> Explanation:
        return replace(each, obstacles=tuple(self._obstacle(o) for o in each.obstacles))

    def _obstacle(self, each: Obstacle) -> Obstacle:
        return replace(
            each,
            clauses=tuple(self._clause(clause) for clause in each.clauses),
            alone=tuple(self._clause(clause) for clause in each.alone),
        )

    def _clause(self, name: str) -> str:
        """Return the name of a clause with the person in it replaced."""
        if not name.startswith(_OF_PERSONS):
            return name
        kind, _, inner = name.removesuffix("]").partition("[")
        person, comma, meeting = inner, "", ""
        if kind == "person_meeting":
            person, comma, meeting = inner.rpartition(",")
        return f"{kind}[{self.person(person)}{comma}{meeting}]"

    def _digest(self, kind: str, text: str) -> str:
        content = f"{kind}\0{text}".encode()
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()[:12]


def without_values(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Yield problems without what they repeat of the files."""
    for each in problems:
        if not each.value:
            yield each
        else:
            yield replace(each, what=say("office.withheld"), do="", value="")


def renamed[T](value: T, names: Mapping[str, str]) -> T:
    """Return frozen data with texts replaced wherever they occur in it, the longest first.

    What holds none of them is returned as it is.
    """
    if not any(names):
        return value
    lengths = sorted({len(name) for name in names if name}, reverse=True)
    known: dict[str, str] = {}  # clauses and reasons are repeated over and over

    def replaced(text: str) -> str:
        if text not in known:
            known[text] = _replaced(text, names, lengths)
        return known[text]

    return cast("T", _renamed(value, replaced))


def _replaced(text: str, names: Mapping[str, str], lengths: Sequence[int]) -> str:
    """Replace by looking at every place for names of every length: as quick for 10,000 of them."""
    parts: list[str] = []
    place = kept = 0
    while place < len(text):
        found = next((n for n in lengths if text[place : place + n] in names), 0)
        if found:
            parts += (text[kept:place], names[text[place : place + found]])
            kept = place = place + found
        else:
            place += 1
    return "".join((*parts, text[kept:])) if parts else text


def _renamed(value: Any, replaced: Callable[[str], str]) -> Any:
    kind = type(value)
    if kind is str:
        new = replaced(value)
        return value if new == value else new
    if isinstance(value, tuple | list):
        parts = [_renamed(each, replaced) for each in value]
        same = all(new is old for new, old in zip(parts, value, strict=True))
        return value if same else kind(parts)
    if isinstance(value, dict):
        return {_renamed(k, replaced): _renamed(each, replaced) for k, each in value.items()}
    old = {name: getattr(value, name) for name in _fields_of(value.__class__)}
    found = {name: _renamed(each, replaced) for name, each in old.items()}
    changes = {name: each for name, each in found.items() if each is not old[name]}
    return replace(value, **changes) if changes else value


@cache
def _fields_of(kind: type) -> tuple[str, ...]:
    """Return the fields that a dataclass is made from; none of anything else."""
    return tuple(each.name for each in fields(kind) if each.init) if is_dataclass(kind) else ()


def _tells(each: Application) -> bool:
    """Tell whether an application id holds the name or the id of its person."""
    own = fold(each.application_id)
    words = [
        word
        for name in (each.family_name, each.given_name, each.person_id)
        for word in (fold(name), *fold(name).split())
    ]
    return any(len(word) >= SHORTEST and word in own for word in words)


# --- what a policy reads in a column that people fill in freely -----------------------------------


def _masks(round_: Round, rules: Rules) -> dict[str, Callable[[str], str]]:
    """Return, for every column that round or policy look at, what is left of its cells."""
    values: dict[str, list[str]] = {}
    readable: set[str] = set()
    whole: set[str] = set()
    for rule in all_rules(rules.eligibility):
        if rule.column:
            values.setdefault(attribute_name(rule.column), []).extend(rule.one_of)
            readable |= {attribute_name(rule.column)} if not rule.one_of else set()
    for criterion in rules.criteria:
        for column in (criterion.column, criterion.until):
            if column:
                named = [value for value, _ in criterion.points]
                values.setdefault(attribute_name(column), []).extend(named)
                readable |= {attribute_name(column)} if criterion.kind != "category" else set()
    for _, selector in selectors(round_, rules):
        for attribute, wanted in selector.conditions:
            values.setdefault(attribute_name(attribute), []).extend(wanted)
    for factor in rules.balance:
        whole |= {attribute_name(each) for each in (factor.each, factor.known_by) if each}
    return {
        name: _mask(name, tuple(dict.fromkeys(values.get(name, ()))), name in readable)
        for name in {*values, *whole}
        if name not in ("person", "application")
    }


def _mask(name: str, known: tuple[str, ...], readable: bool) -> Callable[[str], str]:
    def left_of(text: str) -> str:
        if not text:
            return ""
        same = [each for each in known if fold(each) == fold(text)]
        found = same or list(said_in(name, text, known))
        if found:
            return "; ".join(found)
        return text if readable and _is_plain(text) else say("office.other-value")

    return left_of


def _is_plain(text: str) -> bool:
    """Tell whether a cell is a number, a date, or yes or no: nothing that could name anybody."""
    if not any(sign.isalpha() for sign in text):
        return True
    for read in (as_number, as_yes_no):
        try:
            read(text)
        except Unreadable:
            continue
        return True
    return False
