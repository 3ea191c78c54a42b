"""A run becomes its record, and a record the files of the run."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from allocator.errors import AllocatorError, problem
from allocator.explain.figures import figures
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.office.desk_files import asked
from allocator.office.store import Head
from allocator.outputs.decisions_csv import decisions_csv
from allocator.outputs.decisions_xlsx import write_decisions_xlsx
from allocator.outputs.report import write_report
from allocator.record.canonical import canonical
from allocator.record.check_container import MANIFEST, OFFICE, Opened, packed
from allocator.record.check_report import Refused
from allocator.record.record import members, with_manifest
from allocator.record.revive import result_of
from allocator.wording import decimal


def record_of_run(
    result: Result, loaded: LoadedRound, head: Head, previous: str | None
) -> tuple[bytes, str]:
    """Return the record of a run and its fingerprint, the SHA-256 of its manifest.

    Parameters
    ----------
    result, loaded : Result, LoadedRound
        The run, and what went into it.
    head : Head
        The last entry of the office's log: whoever has the record can tell a log that was cut.
    previous : str, optional
        The fingerprint of the round's previous published record.
    """
    parts = {
        **members(result, loaded),
        "decisions.csv": decisions_csv(result),
        OFFICE: canonical({"seq": head.seq, "hash": head.hash}),
    }
    whole = with_manifest(parts, previous)
    return packed(whole), hashlib.sha256(whole[MANIFEST]).hexdigest()


def head_in(record: bytes) -> Head:
    """Return where the office's log stood when the run of a record began.

    Raises
    ------
    AllocatorError
        ``record-unreadable``; ``office-not-ours`` for a record made outside any office.
    """
    try:
        opened = Opened(record)
        if OFFICE not in opened.members:
            raise AllocatorError(problem("office-not-ours"))
        return Head(**opened.plain(OFFICE))
    except (Refused, TypeError):
        raise AllocatorError(problem("record-unreadable")) from None


def files_of_run(record: bytes) -> dict[str, bytes]:
    """Return every file of a run by name, made from its record."""
    result = result_of(record)
    with tempfile.TemporaryDirectory() as place:
        workbook, report = Path(place, "decisions.xlsx"), Path(place, "report.html")
        write_decisions_xlsx(result, workbook)
        write_report(result, report)
        return {
            "decisions.csv": decisions_csv(result),
            "decisions.xlsx": workbook.read_bytes(),
            "report.html": report.read_bytes(),
            "record.zip": record,
        }


def summary_of(result: Result) -> dict[str, Any]:
    """Return a run in a few figures: amounts in minor units, points as text."""
    found = figures(result)
    return {
        "status": result.allocation.status.value,
        "applications": found.applications,
        "eligible": found.eligible,
        "ineligible": found.ineligible,
        "awarded": found.awarded,
        "full": found.full,
        "partial": found.partial,
        "declined": found.declined,
        "spent": found.spent,
        "available": found.available,
        "asked": asked(result.pool),
        "value_points": decimal(found.value, 3),
        "gap_points": decimal(found.gap, 3),
        "tied": len(result.allocation.draws),
    }
