"""How long a round takes from its files to a verified record: ``python -m bench.recorded SIZE``.

The round is ``bench.load_office``'s: one meeting, all Member States, the policy that ships. Prints
one line of JSON: seconds of all processors together and sizes.
"""

import json
import sys
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from time import process_time

SIZES = (60, 500, 1_000, 2_000, 5_000)

HEADING = """\
## From the files to a verified record

`allocator run` and `allocator verify` on invented rounds of one meeting under the policy that ships
(`bench/recorded.py`). *Run* reads, decides, explains and proves, in one process (two share the
margins and the extra money, which about halves their time); parts of it are the *margins* (exact
up to 500 applications, above that bounds), the extra *money* (up to 1,500) and the *proof*, with
its size compressed. *Record* writes `record.zip`.
*Verify* makes every check, *of it proof* the certificate's alone. Processor seconds.

| applications | run | of it margins | of it money | of it proof | proof kB | record | record kB \
| verify | of it proof | verdict |
|---|---|---|---|---|---|---|---|---|---|---|
"""

type Figures = dict[str, float | int | str]


def section(figures: dict[str, Figures]) -> str:
    """Return the section of ``docs/performance.md``."""
    rows = []
    for size, each in sorted(figures.items(), key=lambda item: int(item[0])):
        parts = [each[name] for name in ("run", "margins", "money", "proof")]
        seconds = [f"{float(part):.2f}" for part in parts]
        later = [f"{float(each[name]):.2f}" for name in ("verify", "verify proof")]
        cells = [
            f"{int(size):,}",
            *seconds,
            f"{float(each['proof bytes']) / 1000:.0f}",
            f"{float(each['record']):.2f}",
            f"{float(each['record bytes']) / 1000:,.0f}",
            *later,
            str(each["verdict"]),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return HEADING + "\n".join(rows) + "\n"


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
    """Measure a round of the size that the command line names, and print it."""
    from allocator import decide
    from allocator.intake.folder import load_round
    from allocator.outputs.decisions_csv import decisions_csv
    from allocator.record.check_container import Opened
    from allocator.record.check_evidence import look_at_proof
    from allocator.record.check_report import Unchecked
    from allocator.record.record import write_record
    from allocator.record.verify import verify
    from bench.load_office import round_files

    parts = {name: Timed(getattr(decide, name)) for name in ("margins", "extra_money", "_proof")}
    for name, timed in parts.items():
        setattr(decide, name, timed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, content in round_files("r", int(sys.argv[1])).items():
            (folder / name).write_bytes(content)
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
        "run": run,
        "margins": parts["margins"].seconds,
        "money": parts["extra_money"].seconds,
        "proof": parts["_proof"].seconds,
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
