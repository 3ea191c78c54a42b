"""The proof of an allocation, made while something else is worked out where it takes longer."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from allocator.explain.sharing import at_hand, meanwhile
from allocator.optimise.allocation import Allocation
from allocator.optimise.programme import Programme
from allocator.optimise.proof import Proof, prove_allocation
from allocator.optimise.watch import Watch

SHORT = 50
"""Parts of a proof up to which it is made in less time than another process takes to begin."""


@contextmanager
def proving(
    programme: Programme,
    allocation: Allocation,
    order: Sequence[str],
    funds: Sequence[str],
    watch: Watch,
    processes: int = 1,
) -> Iterator[Callable[[], Proof]]:
    """Yield a question for the proof, which waits for it where another process makes it meanwhile.

    Parameters
    ----------
    programme, allocation, order, funds, watch
        As for ``prove_allocation``, which says what is raised too.
    processes : int
        How many there may be; the proof does not depend on it.
    """
    given = programme, allocation, order, funds
    proof = prove_allocation(*given, watch=watch, most=None if processes == 1 else SHORT)
    if proof.drawn or processes == 1 or watch.over():
        yield lambda: proof
        return
    with meanwhile(_prove, given, watch) as answer:
        yield answer


def _prove() -> Proof:
    given, watch = at_hand()
    return prove_allocation(*given, watch=watch)
