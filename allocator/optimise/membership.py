"""Who is in which group, asked once per distinct combination of the values that matter."""

from allocator.intake.groups import attribute_name, compared_values, matches
from allocator.intake.values import fold
from allocator.model import Package, Pool, Selector

type Values = tuple[str, ...]


class Membership:
    """Answers questions about the groups of one pool, for all its candidates at once.

    Parameters
    ----------
    pool : Pool
        The candidates; every answer is a list in their order.
    """

    def __init__(self, pool: Pool):
        self._pool = pool
        self._rows = [dict(c.attributes) for c in pool.candidates]
        self._columns: dict[str, list[Values]] = {}
        self._looked_at: dict[tuple[str, Package | None], list[Values]] = {}
        self._places: dict[str, list[int]] = {}

    def values(self, attribute: str) -> list[Values]:
        """Return each candidate's values of an attribute, however it is spelt; empty: not known."""
        name = attribute_name(attribute)
        if name not in self._columns:
            self._columns[name] = [row.get(name, ()) for row in self._rows]
        return self._columns[name]

    def inside(self, selector: Selector, package: Package | None = None) -> list[bool]:
        """Tell, per candidate, whether an award of this package is in the group.

        What is not known counts as outside.
        """
        if not selector.conditions:
            return [True] * len(self._rows)
        if (only := self._named(selector)) is not None:
            return self._among(only, selector, package)
        names = [attribute_name(attribute) for attribute, _ in selector.conditions]
        answers: dict[tuple[Values, ...], bool] = {}
        found: list[bool] = []
        compared = [self._compared(name, package) for name in names]
        for candidate, key in zip(self._pool.candidates, zip(*compared, strict=True), strict=True):
            answer = answers.get(key)
            if answer is None:
                answer = answers[key] = bool(matches(selector, candidate.attributes, package))
            found.append(answer)
        return found

    def _compared(self, name: str, package: Package | None) -> list[Values]:
        """Return, per candidate, all that a condition on an attribute looks at."""
        key = name, package
        if key not in self._looked_at:
            self._looked_at[key] = [
                compared_values(name, each.attributes, package) for each in self._pool.candidates
            ]
        return self._looked_at[key]

    def _named(self, selector: Selector) -> list[int] | None:
        """Return where the applications stand that a selector names; ``None`` if it names none.

        Overrides name one each: asking everybody for each of them would take very long.
        """
        names = [
            name
            for attribute, names in selector.conditions
            if attribute_name(attribute) == "application"
            for name in names
        ]
        if not names:
            return None
        if not self._places:
            for number, row in enumerate(self._rows):
                for value in row.get("application", ()):
                    self._places.setdefault(fold(value) or value, []).append(number)
        found = {n for name in names for n in self._places.get(fold(name) or name, ())}
        return sorted(found)

    def _among(self, only: list[int], selector: Selector, package: Package | None) -> list[bool]:
        found = [False] * len(self._rows)
        for number in only:
            attributes = self._pool.candidates[number].attributes
            found[number] = bool(matches(selector, attributes, package))
        return found

    def by_package(self, selector: Selector) -> dict[Package, list[bool]]:
        """Tell for every package, per candidate, whether an award of it is in the group."""
        if any(attribute_name(each) == "package" for each, _ in selector.conditions):
            return {package: self.inside(selector, package) for package in Package}
        return dict.fromkeys(Package, self.inside(selector))
