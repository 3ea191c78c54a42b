"""Applications that may be of one person under two ids, or of two people under one: flagged only.

The work grows with the number of applications, not with its square: only names that share a key
are compared.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from allocator.errors import Problem, Where, problem
from allocator.intake.folding import fold
from allocator.model import Application, Gender, Severity

type Name = tuple[str, ...]
"""The folded words of a name, sorted."""


class Person(NamedTuple):
    """Who an application is for; ``together`` is the whole name as one word, in either order."""

    administration: str
    person_id: str
    application_id: str
    meeting: str
    name: Name
    together: str
    gender: Gender


_LEAST_LETTERS = 6
_LEAST_LETTERS_IN_A_WORD = 5
_ALL_PAIRS_UP_TO = 8
_IDS_NAMED = 10


def person_problems(
    applications: Sequence[Application],
    where: Callable[[str], Where],
    *,
    known_persons: bool,
) -> list[Problem]:
    """Flag what looks wrong about who is meant, naming application ids only.

    Parameters
    ----------
    applications : sequence of Application
        In any order.
    where : callable
        Gives the place of an application id.
    known_persons : bool
        Whether the file tells persons apart by itself.
    """
    persons = [_person(each) for each in sorted(applications, key=lambda a: a.application_id)]
    found = [*_two_spellings(persons, where)]
    if known_persons:
        found += [*_same_meeting(persons, where), *_two_people(persons, where)]
        found += _contradictions(persons, where)
    return found


def _person(application: Application) -> Person:
    family, given = fold(application.family_name), fold(application.given_name)
    joined = f"{family} {given}", f"{given} {family}"
    return Person(
        application.administration,
        application.person_id,
        application.application_id,
        application.meeting,
        tuple(sorted(joined[0].split())),
        min(joined[0].replace(" ", ""), joined[1].replace(" ", "")),
        application.gender,
    )


def _warning(code: str, ids: Sequence[str], where: Callable[[str], Where]) -> Problem:
    shown = ", ".join(ids[:_IDS_NAMED]) + (" …" if len(ids) > _IDS_NAMED else "")
    return problem(code, where(ids[-1]), severity=Severity.WARNING, ids=shown, count=len(ids))


def _same_meeting(persons: Iterable[Person], where: Callable[[str], Where]) -> Iterable[Problem]:
    requests: dict[tuple[str, str], list[str]] = {}
    for each in persons:
        requests.setdefault((each.person_id, each.meeting), []).append(each.application_id)
    for ids in requests.values():
        if len(ids) > 1:
            yield _warning("intake-person-twice", ids, where)


def _two_people(persons: Iterable[Person], where: Callable[[str], Where]) -> Iterable[Problem]:
    by_person: dict[str, dict[Name, str]] = {}
    for each in persons:
        if each.name:
            by_person.setdefault(each.person_id, {}).setdefault(each.name, each.application_id)
    for spellings in by_person.values():
        first, *others = spellings
        unlike = [name for name in others if not alike(first, name)]
        if unlike:
            ids = [spellings[first], *(spellings[name] for name in unlike)]
            yield _warning("intake-person-two-names", ids, where)


def _contradictions(persons: Iterable[Person], where: Callable[[str], Where]) -> Iterable[Problem]:
    """Flag persons of two genders or administrations; what was stated is not repeated."""
    genders: dict[str, dict[str, str]] = {}
    administrations: dict[str, dict[str, str]] = {}
    for each in persons:
        one, person = each.application_id, each.person_id
        if each.gender is not Gender.NOT_STATED:
            genders.setdefault(person, {}).setdefault(each.gender, one)
        administrations.setdefault(person, {}).setdefault(each.administration, one)
    for code, stated in (
        ("intake-person-two-genders", genders),
        ("intake-person-two-administrations", administrations),
    ):
        for first in stated.values():
            if len(first) > 1:
                yield _warning(code, [*first.values()], where)


def _two_spellings(persons: Sequence[Person], where: Callable[[str], Where]) -> Iterable[Problem]:
    """Group applications of one administration whose names are equal, or one letter apart."""
    groups = _Groups()
    for group in _same_name(persons):
        for one, other in pairwise(group):
            groups.join(one, other)
    for one, other in _one_letter_apart(persons):
        groups.join(one, other)
    for ids in groups.sorted():
        yield _warning("intake-person-spelling", ids, where)


class _Groups:
    """Application ids joined pair by pair; each group is known by its first id in order."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def first(self, one: str) -> str:
        while (parent := self.parent.setdefault(one, one)) != one:
            self.parent[one] = self.parent[parent]
            one = parent
        return one

    def join(self, one: str, other: str) -> None:
        lower, higher = sorted((self.first(one), self.first(other)))
        self.parent[higher] = lower

    def sorted(self) -> list[list[str]]:
        groups: dict[str, list[str]] = {}
        for each in sorted(self.parent):
            groups.setdefault(self.first(each), []).append(each)
        return list(groups.values())


def _same_name(persons: Iterable[Person]) -> Iterable[Iterable[str]]:
    """Group persons whose names are equal but for the order, spaces and hyphens of their words."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for each in persons:
        if len(each.together) >= _LEAST_LETTERS:
            for key in ("".join(each.name), each.together):
                group = groups.setdefault((each.administration, key), {})
                group.setdefault(each.person_id, each.application_id)
    return [group.values() for group in groups.values() if len(group) > 1]


type _Entry = tuple[str, str, str]
"""(word, person, application id)"""


def _one_letter_apart(persons: Iterable[Person]) -> Iterable[tuple[str, str]]:
    """Pair names that differ in one letter of one long word, all other words being equal."""
    rest: dict[tuple[str, Name], list[_Entry]] = {}
    for each in persons:
        name = each.name
        if len(each.together) < _LEAST_LETTERS:
            continue
        for at, word in enumerate(name):
            if len(word) >= _LEAST_LETTERS_IN_A_WORD and word.isalpha():
                key = (each.administration, name[:at] + name[at + 1 :])
                rest.setdefault(key, []).append((word, each.person_id, each.application_id))
    for entries in rest.values():
        if len(entries) > 1:
            yield from _near_words(entries)


def _near_words(entries: list[_Entry]) -> Iterable[tuple[str, str]]:
    shared: dict[str, list[_Entry]] = {}
    for entry in entries:
        word = entry[0]
        shortened = [word[:at] + word[at + 1 :] for at in range(len(word))]
        for form in dict.fromkeys((word, *shortened)):
            shared.setdefault(form, []).append(entry)
    for group in shared.values():
        few = len(group) <= _ALL_PAIRS_UP_TO
        for one, other in combinations(group, 2) if few else pairwise(group):
            if one[1] != other[1] and near(one[0], other[0]):
                yield one[2], other[2]


def near(one: str, other: str) -> bool:
    """Tell whether one letter changed, added, left out or swapped makes one word the other."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    swapped = one[start : start + 2] == other[start : start + 2][::-1]
    return (swapped and one[start + 2 :] == other[start + 2 :]) or any(
        one[start + a :] == other[start + b :] for a, b in ((1, 1), (0, 1), (1, 0))
    )


def alike(one: Name, other: Name) -> bool:
    """Tell whether two names can be of one person: every word of the shorter is in the longer."""
    if "".join(one) == "".join(other):
        return True
    shorter, longer = sorted((one, other), key=lambda name: (len(name), name))
    return all(any(_same_word(word, each) for each in longer) for word in shorter)


def _same_word(one: str, other: str) -> bool:
    """Equal, one an initial or a beginning of the other, or one letter apart."""
    shorter, longer = sorted((one, other), key=len)
    if longer.startswith(shorter):
        return one == other or len(shorter) != 2
    return len(shorter) >= 4 and near(one, other)
