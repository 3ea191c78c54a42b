"""What is known of an application becomes attributes; selectors are matched with them.

An attribute has no values where it is not known. Everything is compared folded: case, accents and
punctuation do not count.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter

from allocator import countries
from allocator.intake.columns import APPLICATIONS
from allocator.intake.folding import word
from allocator.intake.standing import Standing, Standings
from allocator.intake.values import FORMULA_ERRORS, fold, fold_header
from allocator.intake.words import NOT_KNOWN
from allocator.model import Application, Gender, Package, Round, Selector
from allocator.rules import Rules

type Attribute = tuple[str, tuple[str, ...]]
type Attributes = tuple[Attribute, ...]
"""(attribute, values) sorted by attribute."""

BUILT_IN = (
    "administration",
    "application",
    "country_group",
    "gender",
    "meeting",
    "package",
    "person",
    "region",
    "study_group",
)
"""Attributes that every application has without a column of that name; they come before columns."""

_BY_HEADER = {fold_header(name): name for name in BUILT_IN}
_INSTEAD_OF = {"application_id": "application", "person_id": "person"}
# Names of people are no attributes: nothing may be decided by them.
_SHARED = (
    "accepts_partial",
    "administration",
    "authorised",
    "contributions",
    "first_time",
    "gender",
    "meeting",
    "received",
    "registration_approved",
    "requested",
    "role",
    "specific_needs",
    "ticket_currency",
)
"""Attributes that are a field of the application, and whose values many applications share."""

_shared_values = attrgetter(*_SHARED)
_TAKEN = frozenset({*BUILT_IN, *_SHARED, "ticket_cost"})


@lru_cache(maxsize=1024)
def attribute_name(written: str) -> str:
    """Return the attribute that a selector or a header means.

    A built-in attribute, else a known column, else the folded header of an extra column.
    """
    key = fold_header(written)
    if key in _BY_HEADER:
        return _BY_HEADER[key]
    known = APPLICATIONS.known(written)
    return _INSTEAD_OF.get(known, known) if known else key or written


def values_of(attributes: Attributes, attribute: str) -> tuple[str, ...]:
    """Return the values of an attribute, however it is spelt; none where it is not known."""
    name = attribute_name(attribute)
    return next((values for key, values in attributes if key == name), ())


def matches(
    selector: Selector, attributes: Attributes, package: Package | None = None
) -> bool | None:
    """Tell whether an application belongs to a group.

    Parameters
    ----------
    selector : Selector
        The group.
    attributes : tuple
        As ``attributes_of`` returns them.
    package : Package, optional
        The package that a condition on ``package`` is about.

    Returns
    -------
    bool or None
        ``None`` when it turns on something that is not known of this application.
    """
    outcome: bool | None = True
    for attribute, wanted in _conditions(selector):
        values = compared_values(attribute, attributes, package)
        if not values:
            outcome = None
        elif not any((fold(value) or value) in wanted for value in values):
            return False
    return outcome


@lru_cache(maxsize=1024)
def _conditions(selector: Selector) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (attribute_name(name), frozenset(fold(value) or value for value in values))
        for name, values in selector.conditions
    )


def compared_values(
    attribute: str, attributes: Attributes, package: Package | None
) -> tuple[str, ...]:
    """Return all that a condition on an attribute (by its name) looks at."""
    if attribute == "package":
        return (package.value,) if package else ()
    values = next((values for key, values in attributes if key == attribute), ())
    if attribute == "country_group" and values:
        # A region is a group of Member States too, but is listed under its own name only.
        return (*values, *values_of(attributes, "region"))
    return values


def canonical_selector(conditions: Mapping[str, Iterable[str]]) -> Selector:
    """Return conditions as written in their one form: attributes by name, States by code.

    Parameters
    ----------
    conditions : mapping
        Values by attribute, in any spelling.
    """
    found: dict[str, tuple[str, ...]] = {}
    for written, values in conditions.items():
        name = attribute_name(written)
        if name == "administration":
            values = [countries.country_code(each) for each in values]
        found[name] = (*found.get(name, ()), *values)
    return Selector(tuple(sorted(found.items())))


class Describer:
    """Gives the attributes of a round's applications, remembering what many of them share."""

    def __init__(self, round_: Round, rules: Rules):
        self.standings = Standings(rules, round_.decision_date)
        self._study_groups = {
            each.id: (each.study_group,) for each in round_.meetings if each.study_group
        }
        self._shared: dict[tuple[str, object], Attribute] = {}
        self._headers: dict[str, str] = {}

    def attributes(self, application: Application, standing: Standing | None = None) -> Attributes:
        """Return the attributes of an application, sorted.

        Parameters
        ----------
        application : Application
            Of the round.
        standing : Standing, optional
            What to take its administration for, instead of what it is.
        """
        standing = standing or self.standings.of(application.administration)
        cost, shared = application.ticket_cost, self._shared
        found = [
            ("application", (application.application_id,)),
            ("country_group", standing.named),
            ("person", (application.person_id,)),
            ("region", (standing.region,) if standing.region else ()),
            ("study_group", self._study_groups.get(application.meeting, ())),
            ("ticket_cost", () if cost is None else (f"{cost // 100}.{cost % 100:02d}",)),
        ]
        for key in zip(_SHARED, _shared_values(application), strict=True):
            found.append(shared.get(key) or self._share(*key))
        for header, text in application.extra:
            name = self._header(header)
            if name not in _TAKEN:
                found.append(shared.get((name, text)) or self._share(name, text))
        return tuple(sorted(found))

    def _share(self, name: str, value: object) -> Attribute:
        text = "" if value is Gender.NOT_STATED else stated(as_text(value))
        if name not in _TAKEN:
            text = fold(text) or text
        self._shared[name, value] = (name, (text,) if text else ())
        return self._shared[name, value]

    def _header(self, header: str) -> str:
        if header not in self._headers:
            self._headers[header] = attribute_name(header)
        return self._headers[header]


def attributes_of(application: Application, round_: Round, rules: Rules) -> Attributes:
    """Return the attributes of one application; ``Describer`` does many.

    Built-in ones (``BUILT_IN`` but ``package``), every known column but the names of the person,
    and every other column by its folded header.
    """
    return Describer(round_, rules).attributes(application)


def as_text(value: object) -> str:
    """Return a value of an application as text: yes and no, ISO dates, amounts with a point."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def stated(text: str) -> str:
    """Return what a cell says; nothing where it says "not known" or holds a failed formula."""
    return "" if word(text) in NOT_KNOWN or text in FORMULA_ERRORS else text
