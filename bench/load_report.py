"""Measures the workbench and tells it as a section of ``docs/performance.md``."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import sync_playwright

from allocator.office.roles import Role
from bench import load
from bench.load_office import PEOPLE, Plan
from tests.ui.browsing import ARGUMENTS, CHROMIUM, Visits

type Figures = dict[str, Any]

SECTION = """\
## The workbench

`python -m bench --only load` (`bench/load.py`): `allocator serve` with a fresh office of five
allocated rounds of one meeting each, 200, three times 500, and 10,000 applications from all Member
States, four funds. A real browser ({browser}) without a display, on the same {cores} cores.
{machine} Measured {on}, load of the machine {load}; where others had work for it, times by the
clock say less than ratios and processor seconds.

### One weight turned at 500 applications

From the key on the slider to the new allocation, proven best, on the screen; every turn to a weight
not asked for before, in three rounds that differ by chance alone. The median of all is
**{weight_alone:.2f} s**.

| round | turns | median s | 90 % s | slowest s | server's processor s a turn |
|---|---|---|---|---|---|
{turns}

### Opening a page with 10,000 applications

By its address, in the browser, on the round of 10,000, until it is drawn and at rest, in seconds:
*started*, as the very first page that a fresh server shows; *new tab*, later, where the browser
begins anew too; *again*, from another page of the workbench; *forgotten*, right after the server
has forgotten all it read, as it does when somebody was erased.

{pages}

### Ten people at once

Ten people (officers, auditors, analysts), one of them at the browser, each do something {least:g}
to {most:g} s after they saw the last answer, as people do: three in ten turn a weight at 500
applications, the others open a page of either round. Those without a browser speak its protocol
and do not draw. *Alone* is one of them doing the same, with shorter pauses.

| | things done | typical s | of it weight s | of it pages s | server's processor s each |
|---|---|---|---|---|---|
{people}

*Typical* is the mean of the medians of each kind of thing that both did. Ten at once take
**{ratio:.2f}** times as long as one alone. In the browser, while nine others work, a weight of the
first round takes {weight_together:.2f} s (median; alone {weight_before:.2f} s).

Without any pause, ten people got {rate:.1f} things a second done.
"""


def measure(
    size: load.Size | None = None, plan: Plan = load.PLAN, made: Path | None = None
) -> Figures:
    """Measure everything.

    Parameters
    ----------
    size : Size, optional
        How much.
    plan : Plan
        What the office holds.
    made : Path, optional
        A store that is kept from one measurement to the next.
    """
    size, before = size or load.Size(), os.getloadavg()[1]
    with load.serving(plan, made) as served, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            visits = Visits(browser, served.workbench)
            found: Figures = {"browser": f"Chromium {browser.version}"}
            found["turns"] = _turns(visits, served, size.turns)
            found |= _people(visits, served, size)
            found["pages"] = {role.value: load.pages(visits, served, role) for role in load.ROLES}
            visits.check()
        finally:
            browser.close()
    return found | {
        "machine": (
            f"Python {platform.python_version()}, Streamlit {version('streamlit')}, "
            f"{platform.system()} {platform.machine()}."
        ),
        "cores": os.cpu_count(),
        "on": datetime.now(UTC).date().isoformat(),
        "load": [round(before, 1), round(os.getloadavg()[1], 1)],
    }


def _turns(visits: Visits, served: load.Served, count: int) -> Figures:
    page = visits(PEOPLE[Role.OFFICER], "rounds")
    found = {}
    for round_id in load.ROUNDS:
        load.turns(page, served, round_id, 1)  # the round is judged and scored at the first one
        used = served.processor()
        seconds = load.turns(page, served, round_id, count)
        used = served.processor() - used
        found[round_id] = {"seconds": seconds, "processor": used / count}
    page.context.close()
    return found


def _people(visits: Visits, served: load.Served, size: load.Size) -> Figures:
    """Let one person work, then ten, then ten without a pause."""
    found: Figures = {}
    used = served.processor()
    alone = load.together(served, 1, size.alone, load.SHORTER)
    found["alone"] = _told(alone, served.processor() - used)

    page = visits(PEOPLE[Role.OFFICER], "rounds")
    load.opened(page, served, load.WEIGHTS + load.ROUND)
    inside: list[float] = []

    def one_more() -> None:
        inside.append(load.turned(page, 0, "ArrowLeft"))
        page.wait_for_timeout(1000 * sum(load.PAUSE) / 2)

    used = served.processor()
    many = load.together(served, size.people - 1, size.together, load.PAUSE, one_more)
    found["together"] = _told(many, served.processor() - used)
    page.context.close()
    found["inside"] = inside
    hurried = load.together(served, size.people, size.hurried, load.NONE)
    found["rate"] = hurried.count / size.hurried
    return found


def _told(doings: load.Doings, processor: float) -> Figures:
    return {"seconds": doings.seconds, "processor": processor / max(1, doings.count)}


# --- told ---------------------------------------------------------------------------------------


def section(found: Figures) -> str:
    """Return the section of ``docs/performance.md``."""
    ratio, people = _compared(found["alone"], found["together"])
    return SECTION.format(
        browser=found["browser"],
        machine=found["machine"],
        cores=found["cores"],
        on=found["on"],
        load=" to ".join(f"{each:g}" for each in found["load"]),
        turns="\n".join(_turns_row(*each) for each in found["turns"].items()),
        pages=_pages_table(found["pages"]),
        people=people,
        least=load.PAUSE[0],
        most=load.PAUSE[1],
        ratio=ratio,
        weight_together=median(found["inside"]),
        weight_alone=median(s for each in found["turns"].values() for s in each["seconds"]),
        weight_before=median(found["turns"][load.ROUND]["seconds"]),
        rate=found["rate"],
    )


def _turns_row(round_id: str, turns: Figures) -> str:
    seconds = turns["seconds"]
    ninety = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return (
        f"| {round_id} | {len(seconds)} | {median(seconds):.2f} | {ninety:.2f} "
        f"| {max(seconds):.2f} | {turns['processor']:.2f} |"
    )


def _pages_table(pages: dict[str, dict[str, tuple[float, ...]]]) -> str:
    roles = list(pages)
    names = " / ".join(load.STATES)
    lines = [
        f"| page | {' | '.join(f'{each}: {names}' for each in roles)} |",
        "|---|" + "---|" * len(roles),
    ]
    for name in pages[roles[0]]:
        cells = (" / ".join(f"{each:.2f}" for each in pages[role][name]) for role in roles)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _compared(alone: Figures, many: Figures) -> tuple[float, str]:
    """Return how much longer things take, and the rows; only of what both did."""
    both = sorted(set(alone["seconds"]) & set(many["seconds"]))
    rows, typical = [], []
    for label, each in (("alone", alone), ("ten at once", many)):
        medians = {kind: median(each["seconds"][kind]) for kind in both}
        pages = [value for kind, value in medians.items() if kind != "weight"]
        typical.append(sum(medians.values()) / len(medians))
        rows.append(
            f"| {label} | {sum(map(len, each['seconds'].values()))} | {typical[-1]:.2f} "
            f"| {medians.get('weight', 0):.2f} | {sum(pages) / len(pages):.2f} "
            f"| {each['processor']:.2f} |"
        )
    return typical[1] / typical[0], "\n".join(rows)
