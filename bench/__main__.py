"""Measure the optimiser against HiGHS and PuLP, and the workbench; write ``docs/performance.md``.

``python -m bench [--limit 300] [--only 1x500 ... load recorded] [--seeds 5]``. Every measurement
runs in a process of its own, one after the other, under a watchdog; figures are CPU
seconds of one thread, so that a busy machine changes them little, and ratios are of runs made in
the same session.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench import explained, load_report, recorded
from bench.load_report import Figures as Workbench

TARGET = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
KEPT = TARGET.with_suffix(".json")

CASES = (
    (100, 1),
    (500, 1),
    (1_000, 1),
    (10_000, 1),
    (100_000, 1),
    (40, 20),
    (100, 20),
    (500, 4),
    (500, 20),
)
CASES_HELP = "MEETINGSxAPPLICATIONS, load (the workbench) or recorded (from files to a record)"
WHO = ("ours", "highs", "pulp")
GRACE = 120
"""Seconds beyond the limit after which the watchdog ends a measurement."""

LF = "\n"

DOCUMENT = """\
# Performance

Written by `make bench`. CPU seconds of one thread, medians over the seeds, of synthetic rounds
(`bench/synthetic.py`): 193 Member States, six regions, four funds of which three are earmarked,
gender and region balance, half of what is usable affordable. HiGHS and PuLP get the same programme
unreduced, gap 0, one thread, and a limit of {limit:.0f} s. A total at the limit means that the run
was ended there, so the ratio is then an upper bound.

{machine}

## The allocator

{own}

*Build* writes the programme, *reduce* settles columns before solving, *solve* finds and proves the
optimum; *with lottery* is the whole decision again, with who is tied, the draw, the paying funds
and the exact check.

## Against the solver alone

{rivals}
{explained}{recorded}{workbench}"""

type Figures = dict[str, float | int | str | None]


def measure(who: str, applications: int, meetings: int, seed: int, limit: float) -> Figures:
    """Run one measurement; a run that outlives the watchdog is said to have."""
    call = [sys.executable, "-m", "bench.one", who, str(applications), str(meetings), str(seed)]
    try:
        done = subprocess.run(
            [*call, str(limit)],
            capture_output=True,
            text=True,
            timeout=3 * limit + GRACE,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        return {"status": "ended by the watchdog"}
    if done.returncode:
        return {"status": "failed: " + done.stderr.strip().splitlines()[-1][:80]}
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def seconds(runs: list[Figures], stage: str) -> float | None:
    """Return the median seconds of a stage over the runs that have it."""
    known = [value for run in runs if isinstance(value := run.get(stage), int | float)]
    return median(known) if known else None


def shown(value: float | None) -> str:
    """Return seconds with two figures that mean something."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def outcome(runs: list[Figures]) -> str:
    """Return how many runs were proven, and the worst certified gap of the others."""
    proven = sum(run["status"] == "optimal" for run in runs)
    gaps = [
        (run["bound"] - run["objective"]) / run["objective"]
        for run in runs
        if isinstance(run.get("bound"), int)
        and isinstance(run.get("objective"), int)
        and run["objective"]
        and run["status"] != "optimal"
    ]
    text = f"{proven} of {len(runs)} proven"
    if gaps:
        text += f", gap {max(gaps):.4%}"
    other = sorted({str(r["status"]) for r in runs if r["status"] not in ("optimal", "not final")})
    return "; ".join([text, *other])


def measure_explained(applications: int, merit: str, limit: float) -> dict[str, float | int] | None:
    """Measure the margins of one invented round; ``None`` if the watchdog ended it."""
    call = [sys.executable, "-m", "bench.explained", str(applications), merit, "1"]
    try:
        done = subprocess.run(
            [*call, str(explained.PROCESSES)],
            capture_output=True,
            text=True,
            timeout=limit + GRACE,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        return None
    figures: dict[str, float | int] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure_records(
    limit: float, found: dict[str, recorded.Figures], write: Callable[[], None]
) -> None:
    """Measure rounds from their files to their records; without those the watchdog ended.

    They have five times the limit: a record is written only when all is explained and proven.
    """
    for case in recorded.CASES:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bench.recorded", case],
                capture_output=True,
                text=True,
                timeout=5 * limit + GRACE,
                check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired:
            continue
        found[case] = json.loads(done.stdout.splitlines()[-1])
        write()


def document(
    results: dict[str, dict[str, list[Figures]]],
    limit: float,
    margins: dict[str, dict[str, float | int]],
    records: dict[str, recorded.Figures],
    workbench: Workbench,
) -> str:
    """Return the document."""
    table = [
        "| meetings × applications | build | reduce | solve | all three | with lottery "
        "| memory MB | outcome |",
        "|---|---|---|---|---|---|---|---|",
    ]
    against = [
        "| meetings × applications | raw HiGHS | PuLP + HiGHS (of it build) | ours / raw HiGHS "
        "| ours / PuLP | raw HiGHS outcome | PuLP outcome |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, by_who in results.items():
        own, raw, user = (by_who.get(who, []) for who in WHO)
        if not own:
            continue
        stages = [shown(seconds(own, s)) for s in ("build", "reduce", "solve", "total", "decision")]
        memory = shown(seconds(own, "megabytes"))
        table.append(f"| {name} | {' | '.join(stages)} | {memory} | {outcome(own)} |")
        totals = [seconds(each, "total") for each in (own, raw, user)]
        ratios = [
            f"{totals[0] / other:.2f}" if totals[0] and other else "–" for other in totals[1:]
        ]
        built = shown(seconds(user, "build"))
        against.append(
            f"| {name} | {shown(totals[1])} | {shown(totals[2])} ({built}) | {ratios[0]} "
            f"| {ratios[1]} | {outcome(raw) if raw else '–'} | {outcome(user) if user else '–'} |"
        )
    machine = (
        f"Python {platform.python_version()}, PuLP {version('pulp')}, "
        f"highspy {version('highspy')}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores."
    )
    return DOCUMENT.format(
        limit=limit,
        machine=machine,
        own=LF.join(table),
        rivals=LF.join(against),
        explained=LF + explained.section(margins) if margins else "",
        recorded=LF + recorded.section(records) if records else "",
        workbench=LF + load_report.section(workbench) if workbench else "",
    )


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], metavar="CASE", help=CASES_HELP)
    parser.add_argument("--who", nargs="*", default=list(WHO), choices=WHO)
    parser.add_argument("--explained", nargs="*", metavar="APPLICATIONSxMERIT", help="margins only")
    parser.add_argument("--office", type=Path, help="a file to keep the office of load in")
    return parser.parse_args()


def margin_cases(chosen: argparse.Namespace) -> list[tuple[int, str]]:
    """Return the rounds whose margins are asked for."""
    if chosen.explained is None and (chosen.only or chosen.who != list(WHO)):
        return []
    return [
        case
        for case in explained.CASES
        if not chosen.explained or f"{case[0]}x{case[1]}" in chosen.explained
    ]


def asked_for(chosen: argparse.Namespace, case: str) -> bool:
    """Tell whether a case is to be measured: it is named, or nothing is."""
    return chosen.explained is None and (case in chosen.only or not chosen.only)


def main() -> None:
    """Measure and write the document; figures of earlier runs are kept for cases not named."""
    chosen = arguments()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    results: dict[str, dict[str, list[Figures]]] = {}
    margins, workbench = kept.pop("explained", {}), kept.pop("workbench", {})
    records = kept.pop("recorded", {})
    limit = kept.pop("limit", chosen.limit)  # that under which the rounds were measured

    def write() -> None:
        rows = {**kept, **results}
        parts = {"explained": margins, "recorded": records, "workbench": workbench}
        whole = {**rows, **parts, "limit": limit}
        KEPT.write_text(json.dumps(whole, indent=1) + LF, encoding="utf-8")
        TARGET.write_text(document(rows, limit, margins, records, workbench), encoding="utf-8")

    if asked_for(chosen, "recorded"):
        measure_records(chosen.limit, records, write)
    if asked_for(chosen, "load"):
        workbench |= load_report.measure(made=chosen.office)
        write()

    for applications, merit in margin_cases(chosen):
        figures = measure_explained(applications, merit, chosen.limit)
        if figures is not None:
            margins[f"{applications} {merit}"] = figures
            write()
    if chosen.explained is not None:
        return
    for applications, meetings in CASES:
        name = f"{meetings} × {applications:,}"
        results[name] = kept.get(name, {})
        if chosen.only and f"{meetings}x{applications}" not in chosen.only:
            continue
        limit = chosen.limit
        large = meetings > 1 or applications > 1_000
        seeds = range(1, 2 if large else chosen.seeds + 1)
        for who in chosen.who:
            runs = [measure(who, applications, meetings, seed, chosen.limit) for seed in seeds]
            results[name][who] = runs
            print(f"{name:>14} {who:6} {shown(seconds(runs, 'total')):>6} s  {outcome(runs)}")
            write()


if __name__ == "__main__":
    main()
