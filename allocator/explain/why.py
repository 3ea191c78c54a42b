"""A decided round becomes one explanation per application, as plain data."""

from collections.abc import Mapping, Sequence

from allocator.explain.effects import factor_effects
from allocator.explain.explanation import Effects, Explanation, ExtraMoney, Margin, Tie
from allocator.explain.obstacles import obstacles
from allocator.explain.result import DecisionLine
from allocator.model import Pool
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme


def explanations(
    pool: Pool,
    programme: Programme,
    allocation: Allocation,
    lines: Sequence[DecisionLine],
    margins: Mapping[str, Margin],
    extra: Mapping[str, tuple[ExtraMoney, ...]],
    effects: Effects | None,
) -> tuple[Explanation, ...]:
    """Return why each application fell as it did, in the order of ``lines``.

    Parameters
    ----------
    pool, programme, allocation, lines
        The decided round.
    margins, extra : mapping
        By application id; left out where there is none.
    effects : Effects, optional
        What the balance factors did.
    """
    hindered = obstacles(programme, allocation.values)
    breakdowns = {each.application.application_id: each.breakdown for each in pool.candidates}
    factors = factor_effects(effects)
    draws = allocation.draws
    ties = {each.application_id: Tie(each.position, len(draws), each.key) for each in draws}
    return tuple(
        Explanation(
            application_id=line.application_id,
            decision=line.decision,
            package=line.package,
            reason_code=line.reason_code,
            merit=line.merit,
            breakdown=breakdowns.get(line.application_id, ()),
            margin=margins.get(line.application_id),
            obstacles=hindered.get(line.application_id, ()),
            factors=factors.get(line.application_id, ()),
            extra=extra.get(line.application_id, ()),
            tie=ties.get(line.application_id),
        )
        for line in lines
    )
