"""Where to divide a part of the search so that the bound falls fastest on both sides.

Awards of one block that may be split off are tried out (a few pivots of the simplex method on
either side) until enough is known of them; later their average effect is trusted: reliability
branching (Achterberg, Koch and Martin, 2005). It decides how long a proof is, never what it says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from allocator.optimise.engine import Reoptimised
from allocator.optimise.proof_relax import Relaxation
from allocator.record.check_proof import Part, Problem

RELIABLE = 4
"""How often a split is tried out before its average effect is trusted."""

LOOK_AHEAD = 8
"""How many splits in a row may bring nothing better before the best is taken."""

MOST_TRIED = 24
PIVOTS = 50
INTEGRAL = 1e-6
LEAST_EFFECT = 1e-6

type Split = tuple[int, ...]


@dataclass(slots=True)
class _Effect:
    """How far the bound fell per unit of the share moved: sums over both sides, and a count."""

    without: float = 0.0
    within: float = 0.0
    count: int = 0


@dataclass(slots=True)
class Brancher:
    """Chooses splits and remembers what they did."""

    problem: Problem
    columns: list[dict[str, Any]]
    relaxation: Relaxation
    effects: dict[Split, _Effect] = field(default_factory=dict)

    def split(self, part: Part, found: Reoptimised | None, room: float) -> Split:
        """Return the awards to split off, none if only one solution is left.

        Parameters
        ----------
        part : Part
            The part to divide.
        found : Reoptimised, optional
            Its relaxation, where there is one.
        room : float
            How far the bound must fall for the part to be closed; more is no better.
        """
        shares = dict(self._fractional(part, found)) if found is not None else {}
        if found is None or not shares:
            return self.any(part)
        best: tuple[float, Split] | None = None
        idle = 0
        for split in sorted(shares, key=lambda s: (-self._score(s, shares[s], room), s))[
            :MOST_TRIED
        ]:
            effect = self.effects.get(split)
            if effect is None or effect.count < RELIABLE:
                score = self._try(part, found, split, shares[split], room)
            else:
                score = self._score(split, shares[split], room)
            if best is None or score > best[0]:
                best, idle = (score, split), 0
                if score >= room * room:
                    break
            else:
                idle += 1
                if idle >= LOOK_AHEAD:
                    break
        return best[1] if best else ()

    def _fractional(self, part: Part, found: Reoptimised) -> Iterator[tuple[Split, float]]:
        """Yield the splits that the relaxation leaves between none and one, with their share."""
        for choices in self.relaxation.shares(part, found).values():
            taken = {choice: share for choice, share in choices.items() if share > INTEGRAL}
            if len(taken) < 2:
                continue
            for split in self._splits({j for choice in choices for j in choice}):
                members = frozenset(split)
                share = sum(v for c, v in taken.items() if not members.isdisjoint(c))
                if INTEGRAL < share < 1 - INTEGRAL:
                    yield split, share

    def _splits(self, awards: set[int]) -> Iterator[Split]:
        """Yield each award, each application's, each package's, and all together."""
        sets: dict[object, list[int]] = {}
        for j in sorted(awards):
            column = self.columns[j]
            for key in (j, column["application"], ("package", column["package"]), None):
                sets.setdefault(key, []).append(j)
        yield from dict.fromkeys(tuple(each) for each in sets.values())

    def any(self, part: Part) -> Split:
        """Return an award that some choices of a block have and others have not."""
        for k in part.open:
            one, other = part.choices[k][:2]
            return (min(frozenset(one) ^ frozenset(other)),)
        return ()

    def _score(self, split: Split, share: float, room: float) -> float:
        effect = self.effects.get(split)
        if effect is None:
            known = self.effects.values()
            count = sum(e.count for e in known) or 1
            without = sum(e.without for e in known) / count or 1.0
            within = sum(e.within for e in known) / count or 1.0
        else:
            without, within = effect.without / effect.count, effect.within / effect.count
        down, up = min(room, without * share), min(room, within * (1 - share))
        return max(down, LEAST_EFFECT) * max(up, LEAST_EFFECT)

    def _try(
        self, part: Part, found: Reoptimised, split: Split, share: float, room: float
    ) -> float:
        """Solve both sides for a few pivots; remember and score how far the bound fell."""
        falls = []
        for some in (False, True):
            fall = room
            for side in self.problem.only(part, [*split], some):
                tried = self.relaxation.solve(side, pivots=PIVOTS)
                if tried.feasible:
                    fall = min(room, max(0.0, found.objective - tried.objective))
            falls.append(fall)
        effect = self.effects.setdefault(split, _Effect())
        effect.without += falls[0] / max(share, 0.05)
        effect.within += falls[1] / max(1 - share, 0.05)
        effect.count += 1
        return max(falls[0], LEAST_EFFECT) * max(falls[1], LEAST_EFFECT)
