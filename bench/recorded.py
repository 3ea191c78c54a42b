"""How long a round takes from its files to a verified record: ``python -m bench.recorded CASE``.

A number is the size of a round of ``bench.load_office``: one meeting, all Member States, the policy
that ships. A name is a bundled sample. Prints one line of JSON: seconds and sizes.
"""

import json
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib import resources
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

CASES = ("60", "one-meeting", "year", "500", "1000", "2000", "5000")
REPEATED = {"60": 5, "one-meeting": 5, "year": 3}
"""How often what is short is measured by the clock; of that the median is told."""

HEADING = """\
## From the files to a verified record

`allocator run` and `allocator verify` on invented rounds of one meeting under the policy that
ships, and on the bundled samples (`bench/recorded.py`). *Run* reads, decides, explains and proves,
in one process; parts of it are the *margins* (exact up to 500 applications and, of several
meetings, up to 100; beyond, bounds), the extra *money* (up to 1,500) and the *proof*, with its size
compressed. *Record* writes `record.zip`. *Verify* makes every check, *of it proof* the
certificate's alone. All in processor seconds. *Two* is the run by the clock with two processes,
which share margins and extra money where there is much of them; a long proof is made meanwhile.

| applications | run | of it margins | of it money | of it proof | two | proof kB | record \
| record kB | verify | of it proof | verdict |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

type Figures = dict[str, float | int | str]


def section(figures: dict[str, Figures]) -> str:
    """Return the section of ``docs/performance.md``."""
    rows = []
    for case in (case for case in CASES if case in figures):
        each = figures[case]
        parts = [each[name] for name in ("run", "margins", "money", "proof", "two")]
        seconds = [f"{float(part):.2f}" for part in parts]
        later = [f"{float(each[name]):.2f}" for name in ("verify", "verify proof")]
        size = f"{int(each['size']):,}"
        cells = [
            size if case.isdigit() else f"{size} (`{case}`)",
            *seconds,
            f"{float(each['proof bytes']) / 1000:.0f}",
            f"{float(each['record']):.2f}",
            f"{float(each['record bytes']) / 1000:,.0f}",
            *later,
            str(each["verdict"]),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return HEADING + "\n".join(rows) + "\n"


def files_of(case: str) -> dict[str, bytes]:
    """Return a case's files by name."""
    from bench.load_office import round_files

    if case.isdigit():
        return round_files("r", int(case))
    sample = resources.files("allocator") / "samples" / case
    return {file.name: file.read_bytes() for file in sample.iterdir()}


def shared_run(folder: Path) -> float:
    """Return the seconds by the clock in which two processes read and decide a round."""
    from allocator.decide import decide
    from allocator.intake.folder import load_round

    began = perf_counter()
    decide(load_round(folder), processes=2)
    return perf_counter() - began


class Timed:
    """A function that counts the seconds spent in it."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments: object, **named: object) -> object:
        """Call the function."""
        began = process_time()
        try:
            return self.function(*arguments, **named)
        finally:
            self.seconds += process_time() - began


def main() -> None:
    """Measure the case that the command line names, and print its figures."""
    from allocator import decide
    from allocator.explain import proving
    from allocator.intake.folder import load_round
    from allocator.outputs.decisions_csv import decisions_csv
    from allocator.record.check_container import Opened
    from allocator.record.check_evidence import look_at_proof
    from allocator.record.check_report import Unchecked
    from allocator.record.record import write_record
    from allocator.record.verify import verify

    homes = {"margins": decide, "extra_money": decide, "prove_allocation": proving}
    parts = {name: Timed(getattr(home, name)) for name, home in homes.items()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, content in files_of(sys.argv[1]).items():
            (folder / name).write_bytes(content)
        two = median(shared_run(folder) for _ in range(REPEATED.get(sys.argv[1], 1)))
        for name, timed in parts.items():
            setattr(homes[name], name, timed)
        times = [process_time()]
        loaded = load_round(folder)
        result = decide.decide(loaded)
        times.append(process_time())
        record = folder / "record.zip"
        write_record(result, loaded, record, decisions_csv=decisions_csv(result))
        times.append(process_time())
        report = verify(record)
        times.append(process_time())
        data = record.read_bytes()
        opened = Opened(data)
        opened_at = process_time()
        with suppress(Unchecked):  # a proof that was left unfinished says so
            look_at_proof(opened)
        proof = process_time() - opened_at
    run, written, verified = (b - a for a, b in pairwise(times))
    figures = {
        "size": len(loaded.applications),
        "run": run,
        "two": two,
        "margins": parts["margins"].seconds,
        "money": parts["extra_money"].seconds,
        "proof": parts["prove_allocation"].seconds,
        "proof bytes": len(zlib.compress(opened.members["proof.json"], 9)),
        "record": written,
        "record bytes": len(data),
        "verify": verified,
        "verify proof": proof,
        "verdict": report.verdict,
        "status": str(result.allocation.status),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
