"""The promises of a policy become those of one run: its dearest award is known."""

from allocator.explain.result import Promise
from allocator.model import Pool
from allocator.policy import promises
from allocator.rules import Rules


def promises_of(rules: Rules, pool: Pool) -> tuple[Promise, ...]:
    """Return what the policy promises for this pool, with what to change where it does not hold."""
    dearest = max((cost.amount for each in pool.candidates for cost in each.costs), default=0)
    return tuple(
        Promise(each.id, each.title, each.holds, f"{each.text} {each.remedy}".strip())
        for each in promises(rules, dearest)
    )
