"""Applications that may be of one person under two ids, or of two people under one: flagged only.

The work grows with the number of applications, not with its square: only names that share a key
are compared.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise

from allocator.errors import Problem, Where, problem
from allocator.intake.folding import fold
from allocator.model import Application, Severity

type Name = tuple[str, ...]
"""The folded words of a name, sorted."""

_LEAST_LETTERS = 6
_LEAST_LETTERS_IN_A_WORD = 5
_ALL_PAIRS_UP_TO = 30
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
    by_id = sorted(applications, key=lambda each: each.application_id)
    names = [name_of(each) for each in by_id]
    found = [*_two_spellings(by_id, names, where)]
    if known_persons:
        found += [*_same_meeting(by_id, where), *_two_people(by_id, names, where)]
    return found


def name_of(application: Application) -> Name:
    """Return the words of a name in a form free of order, case, accents and punctuation."""
    return tuple(sorted(fold(f"{application.family_name} {application.given_name}").split()))


def _warning(code: str, ids: Sequence[str], where: Callable[[str], Where]) -> Problem:
    shown = ", ".join(ids[:_IDS_NAMED]) + (" …" if len(ids) > _IDS_NAMED else "")
    return problem(code, where(ids[-1]), severity=Severity.WARNING, ids=shown, count=len(ids))


def _same_meeting(
    applications: Iterable[Application], where: Callable[[str], Where]
) -> Iterable[Problem]:
    requests: dict[tuple[str, str], list[str]] = {}
    for each in applications:
        requests.setdefault((each.person_id, each.meeting), []).append(each.application_id)
    for ids in requests.values():
        if len(ids) > 1:
            yield _warning("intake-person-twice", ids, where)


def _two_people(
    applications: Sequence[Application], names: Sequence[Name], where: Callable[[str], Where]
) -> Iterable[Problem]:
    by_person: dict[str, dict[Name, str]] = {}
    for each, name in zip(applications, names, strict=True):
        if name:
            by_person.setdefault(each.person_id, {}).setdefault(name, each.application_id)
    for spellings in by_person.values():
        first, *others = spellings
        unlike = [name for name in others if not alike(first, name)]
        if unlike:
            ids = [spellings[first], *(spellings[name] for name in unlike)]
            yield _warning("intake-person-two-names", ids, where)


def _two_spellings(
    applications: Sequence[Application], names: Sequence[Name], where: Callable[[str], Where]
) -> Iterable[Problem]:
    """Pair applications of one administration whose names are equal, or one letter apart."""
    persons: dict[tuple[str, str, Name], str] = {}
    for each, name in zip(applications, names, strict=True):
        key = (each.administration, each.person_id, name)
        persons.setdefault(key, each.application_id)
    pairs: dict[tuple[str, str], None] = {}
    for group in _same_letters(persons):
        for one, other in pairwise(sorted(group)):
            pairs[one, other] = None
    for one, other in _one_letter_apart(persons):
        pairs[min(one, other), max(one, other)] = None
    for ids in sorted(pairs):
        yield _warning("intake-person-spelling", ids, where)


def _same_letters(persons: dict[tuple[str, str, Name], str]) -> Iterable[list[str]]:
    """Group names made of the same letters: other order, spaces, hyphens or swapped letters."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    for (administration, person, name), application_id in persons.items():
        letters = "".join(sorted("".join(name)))
        if len(letters) >= _LEAST_LETTERS:
            groups.setdefault((administration, letters), {}).setdefault(person, application_id)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


type _Entry = tuple[str, str, str]
"""(word, person, application id)"""


def _one_letter_apart(persons: dict[tuple[str, str, Name], str]) -> Iterable[tuple[str, str]]:
    """Pair names that differ in one letter of one long word, all other words being equal."""
    rest: dict[tuple[str, Name], list[_Entry]] = {}
    for (administration, person, name), application_id in persons.items():
        if len("".join(name)) < _LEAST_LETTERS:
            continue
        for at, word in enumerate(name):
            if len(word) >= _LEAST_LETTERS_IN_A_WORD and word.isalpha():
                key = (administration, name[:at] + name[at + 1 :])
                rest.setdefault(key, []).append((word, person, application_id))
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
    """Tell whether two different words are one letter changed, added or left out apart."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    return any(one[start + a :] == other[start + b :] for a, b in ((1, 1), (0, 1), (1, 0)))


def alike(one: Name, other: Name) -> bool:
    """Tell whether two names can be of one person: every word of the shorter is in the longer."""
    if sorted("".join(one)) == sorted("".join(other)):
        return True
    shorter, longer = sorted((one, other), key=lambda name: (len(name), name))
    return all(any(_same_word(word, each) for each in longer) for word in shorter)


def _same_word(one: str, other: str) -> bool:
    """Equal, one an initial or a beginning of the other, or one letter apart."""
    shorter, longer = sorted((one, other), key=len)
    if longer.startswith(shorter):
        return one == other or len(shorter) != 2
    return len(shorter) >= 4 and near(one, other)
