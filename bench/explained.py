"""How long exact margins take: ``python -m bench.explained APPLICATIONS MERIT SEED PROCESSES``.

MERIT is ``fine``, ``tens`` (whole ten points, so that many are equal) or ``flat`` (whole five
points and the same costs for everybody). Prints one line of JSON: seconds by the clock and of all
processors together, and how many margins there are and how many are exact.
"""

import json
import resource
import sys
from dataclasses import replace
from time import monotonic, process_time

from allocator.model import POINT, Package, Pool
from bench.synthetic import Synthetic, synthetic

CASES = (
    (60, "fine"),
    (60, "tens"),
    (60, "flat"),
    (500, "fine"),
    (500, "tens"),
    (500, "flat"),
)
PROCESSES = 2
STEPS = {"fine": 1, "tens": 10 * POINT, "flat": 5 * POINT}
FLAT = {Package.FULL: 480_000, Package.TICKET: 120_000, Package.DSA: 360_000}

HEADING = """\
## Exact margins

Every application's margin, per package where it was declined, with the lottery
(`bench/explained.py`): one meeting, {processes} processes from 150 candidates on. *Tens*: merit in
whole ten points; *flat*: in fives, with the same costs for everybody. Seconds by the clock say
little where the machine had other work.

| applications | merit | seconds | of all processors | exact |
|---|---|---|---|---|
"""


def round_of(applications: int, merit: str, seed: int) -> Synthetic:
    """Return an invented round of one meeting whose merit is so coarse."""
    case = synthetic(applications, 1, seed)
    step = STEPS[merit]
    changed = tuple(
        replace(
            each,
            merit=each.merit // step * step,
            costs=tuple(replace(cost, amount=FLAT[cost.package]) for cost in each.costs)
            if merit == "flat"
            else each.costs,
        )
        for each in case.pool.candidates
    )
    return Synthetic(Pool(changed, ()), case.round, case.rules)


def section(figures: dict[str, dict[str, float | int]]) -> str:
    """Return the section of ``docs/performance.md``."""
    rows = []
    for name, each in figures.items():
        applications, merit = name.split()
        seconds, used = each["seconds"], each["processors"]
        exact = f"{each['exact']} of {each['margins']}"
        rows.append(f"| {applications} | {merit} | {seconds:.1f} | {used:.1f} | {exact} |")
    return HEADING.format(processes=PROCESSES) + "\n".join(rows) + "\n"


def main() -> None:
    """Measure what the command line names and print it."""
    from allocator.explain.margins import margins
    from allocator.optimise.solve import allocate
    from allocator.optimise.watch import Watch

    applications, merit, seed, processes = sys.argv[1:5]
    case = round_of(int(applications), merit, int(seed))
    programme, allocation = allocate(case.pool, case.round, case.rules)
    decided = (programme, case.pool, case.round, case.rules, allocation)
    began, used = monotonic(), process_time()
    found = margins(*decided, Watch(), processes=int(processes))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "seconds": monotonic() - began,
        "processors": process_time() - used + children.ru_utime + children.ru_stime,
        "margins": len(found),
        "exact": sum(margin.exact for margin in found.values()),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
