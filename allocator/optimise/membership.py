"""Who is in which group, asked once per distinct combination of the values that matter."""

from allocator.intake.groups import attribute_name, matches
from allocator.model import Candidate, Package, Pool, Selector

type _Answers = dict[tuple[object, ...], bool]


class Membership:
    """Answers questions about the groups of one pool.

    Parameters
    ----------
    pool : Pool
        The candidates that will be asked about.
    """

    def __init__(self, pool: Pool):
        self._values = {c.application.application_id: dict(c.attributes) for c in pool.candidates}
        self._names: dict[str, str] = {}

    def values(self, candidate: Candidate, attribute: str) -> tuple[str, ...]:
        """Return the values of an attribute, however it is spelt; empty when it is not known."""
        name = self._names.get(attribute)
        if name is None:
            name = self._names[attribute] = attribute_name(attribute)
        return self._values[candidate.application.application_id].get(name, ())

    def asker(self, selector: Selector) -> "Asker":
        """Return a quick way to ask about one group."""
        names = tuple(attribute_name(each) for each, _ in selector.conditions)
        return Asker(self, selector, names)

    def raw(self, candidate: Candidate) -> dict[str, tuple[str, ...]]:
        """Return a candidate's attributes by name."""
        return self._values[candidate.application.application_id]


class Asker:
    """One group's membership; what is not known counts as outside."""

    def __init__(self, membership: Membership, selector: Selector, names: tuple[str, ...]):
        self._membership, self._selector, self._names = membership, selector, names
        self._answers: _Answers = {}

    def inside(self, candidate: Candidate, package: Package | None = None) -> bool:
        """Tell whether an award of this package to this candidate is in the group."""
        if not self._names:
            return True
        values = self._membership.raw(candidate)
        key = (package, *[values.get(name, ()) for name in self._names])
        answer = self._answers.get(key)
        if answer is None:
            answer = bool(matches(self._selector, candidate.attributes, package))
            self._answers[key] = answer
        return answer
