"""A round without its persons: what a policy analyst gets, good for every what-if.

Names are empty and person ids become pseudonyms, keyed by a secret of the store: the same in every
round, and nobody without the secret can try out whose they are. Free text is gone. Where a policy
looks at a column that people fill in freely, only what the policy reads in it is left, in the
policy's own words, so that merit and groups come out the same. The input files, the proof (which
names persons in its clauses) and the reasons of overrides are left out.

Application ids stay where their form shows that they name nobody, since decisions are published by
them; any other becomes a pseudonym, of which the lottery makes the same as of the id.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache
from itertools import groupby
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
from allocator.optimise.programme import Column, Programme, Row
from allocator.optimise.reduce import lottery_key, lottery_order
from allocator.rules import Rules
from allocator.texts import say

SHORTEST = 3
"""A name of fewer letters is not looked for inside an application id: it is in too many words."""

NEUTRAL_WORDS = frozenset(
    {
        *("sg", "tsag", "wtsa", "itu", "tsb"),
        *("app", "application", "nomination", "request", "fellowship"),
    }
)
"""Words in an application id that say nothing of its person."""

LONGEST_NUMBER = 6
"""Digits in a row: a longer number may be one of the person's own, as of a passport."""

_TRIES = 200_000
"""So many pseudonyms are tried at most to find those that the lottery draws in the ids' places."""

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")

_OF_PERSONS = ("person_meeting[", "person_year[", "person_full[")
"""How clauses begin that name a person first."""

_CLAUSES = re.compile(rf"(?:{'|'.join(re.escape(each) for each in _OF_PERSONS)})[^\]]*\]")

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

    def hidden_ids(self, ids: Iterable[str], neutral: Iterable[str], seed: str) -> dict[str, str]:
        """Return a pseudonym for every application id of a round that may tell who its person is.

        Parameters
        ----------
        ids : iterable of str
            All that the round has or ever had.
        neutral : iterable of str
            Those of them that stay.
        seed : str
            The lottery's: between two ids that stay, the pseudonyms are drawn where the ids they
            stand for are drawn, so that ties fall the same way. Where two ids are drawn so close
            together that nothing fits between them, which one round in millions has, they may not.
        """
        stay, found = frozenset(neutral), dict[str, str]()
        runs = [
            (hidden, list(run))
            for hidden, run in groupby(lottery_order(seed, set(ids)), lambda e: e not in stay)
        ]
        for at, (hidden, run) in enumerate(runs):
            if hidden:
                low = lottery_key(seed, runs[at - 1][1][-1]) if at else ""
                high = lottery_key(seed, runs[at + 1][1][0]) if at + 1 < len(runs) else "g"
                found |= zip(run, self._between(low, high, run, seed), strict=True)
        return found

    def _between(self, low: str, high: str, run: Sequence[str], seed: str) -> Sequence[str]:
        """Return as many pseudonyms as there are ids in a run, drawn between two keys, in order."""
        fit: list[str] = []
        tries = 0
        while len(fit) < len(run):
            name = f"A-{self._digest('application', f'{run[0]}/{tries}')}"
            tries += 1
            if low < lottery_key(seed, name) < high or tries > _TRIES:
                fit.append(name)
        return lottery_order(seed, fit)

    def of_loaded(self, loaded: LoadedRound, hidden: Mapping[str, str]) -> LoadedRound:
        """Return a round without its persons; its files hold the policy alone.

        Parameters
        ----------
        loaded : LoadedRound
            The round.
        hidden : mapping
            ``hidden_ids`` of the round.
        """
        masks = _masks(loaded.round, loaded.rules)
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

    def of_result(self, result: Result, hidden: Mapping[str, str]) -> Result:
        """Return a run without its persons and without its proof; ``hidden`` as for a round."""
        masks = _masks(result.round, result.rules)
        describer = Describer(result.round, result.rules)

        def masked[C: (Candidate, Ineligible)](each: C) -> C:
            application = self._application(each.application, masks)
            attributes = describer.attributes(application)
            return replace(each, application=application, attributes=attributes)

        pool = replace(
            result.pool,
            candidates=tuple(masked(each) for each in result.pool.candidates),
            ineligible=tuple(masked(each) for each in result.pool.ineligible),
        )
        seed = result.round.lottery_seed
        draws = tuple(  # the draw of an id would let anybody test a guess of it
            replace(
                each, key=lottery_key(seed, hidden.get(each.application_id, each.application_id))
            )
            for each in result.allocation.draws
        )
        found = replace(
            result,
            pool=pool,
            allocation=replace(result.allocation, draws=draws),
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
            columns=tuple(self._named(each) for each in programme.columns),
            rows=tuple(self._named(each) for each in programme.rows),
        )

    def _named[N: (Column, Row)](self, each: N) -> N:
        return replace(each, name=self._clause(each.name)) if _of_person(each.name) else each

    def _explanation(self, each: Explanation) -> Explanation:
        if not any(_of_person(c) for o in each.obstacles for c in (*o.clauses, *o.alone)):
            return each
        return replace(each, obstacles=tuple(self._obstacle(o) for o in each.obstacles))

    def _obstacle(self, each: Obstacle) -> Obstacle:
        return replace(
            each,
            clauses=tuple(self._clause(clause) for clause in each.clauses),
            alone=tuple(self._clause(clause) for clause in each.alone),
        )

    def _clause(self, name: str) -> str:
        """Return the name of a clause with the person in it replaced."""
        if not _of_person(name):
            return name
        kind, _, inner = name.removesuffix("]").partition("[")
        person, comma, meeting = inner, "", ""
        if kind == "person_meeting":
            person, comma, meeting = inner.rpartition(",")
        return f"{kind}[{self.person(person)}{comma}{meeting}]"

    def of_problems(self, problems: Iterable[Problem], typed: Container[str] = ()) -> list[Problem]:
        """Return problems without what they repeat of the files, and without person ids.

        Parameters
        ----------
        problems : iterable of Problem
            Any.
        typed : container of str
            What the person asked with: that they know already.
        """
        return [
            replace(each, what=self._of_text(each.what), do=self._of_text(each.do))
            for each in without_values(problems, typed)
        ]

    def _of_text(self, text: str) -> str:
        return _CLAUSES.sub(lambda found: self._clause(found[0]), text)

    def _digest(self, kind: str, text: str) -> str:
        content = f"{kind}\0{text}".encode()
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()[:12]


def _of_person(clause: str) -> bool:
    return clause.startswith(_OF_PERSONS)


def without_values(problems: Iterable[Problem], typed: Container[str] = ()) -> Iterable[Problem]:
    """Yield problems without what they repeat of the files; ``typed`` is known to who asks."""
    for each in problems:
        if not each.value or each.value in typed:
            yield each
        else:
            yield replace(each, what=say("office.withheld"), do="", value="")


def renamed[T](value: T, names: Mapping[str, str]) -> T:
    """Return frozen data with texts replaced wherever they occur in it, the longest first.

    A text that begins or ends within a word or a number does not occur there.
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
        found = next(
            (n for n in lengths if text[place : place + n] in names and _is_whole(text, place, n)),
            0,
        )
        if found:
            parts += (text[kept:place], names[text[place : place + found]])
            kept = place = place + found
        else:
            place += 1
    return "".join((*parts, text[kept:])) if parts else text


def _is_whole(text: str, place: int, length: int) -> bool:
    """Tell whether a part of a text begins and ends where a word or a number may."""
    end = place + length
    joins = text[place - 1 : place + 1] if place else ""
    goes_on = text[end - 1 : end + 1] if end < len(text) else ""
    return not (joins and joins.isalnum()) and not (goes_on and goes_on.isalnum())


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


def is_neutral(application_id: str, round_id: str) -> bool:
    """Tell whether the form of an application id shows that it names nobody.

    Then it has no letters but words that are about no person, those of the round's id among them,
    and one single Latin letter (``A0042``, ``SG13-A7``), and no long number.
    """
    own = fold(application_id)
    of_round = _words_of(round_id)
    left = [e for e in _LETTERS.findall(own) if e not in NEUTRAL_WORDS and e not in of_round]
    few = not left or (len(left) == 1 and len(left[0]) == 1 and left[0].isascii())
    return few and all(len(each) <= LONGEST_NUMBER for each in _DIGITS.findall(own))


@lru_cache(maxsize=64)
def _words_of(round_id: str) -> frozenset[str]:
    return frozenset(_LETTERS.findall(fold(round_id)))


def tells(each: Application) -> bool:
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
