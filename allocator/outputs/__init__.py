"""What a run leaves behind for people: decisions, workbook, report and record."""

from pathlib import Path

from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.optimise.allocation import Status
from allocator.outputs.decisions_csv import write_decisions_csv
from allocator.outputs.decisions_xlsx import write_decisions_xlsx
from allocator.outputs.report import write_report
from allocator.record.record import write_record
from allocator.texts import say


def write_all(result: Result, loaded: LoadedRound, folder: Path) -> tuple[Path, ...]:
    """Write every file of a run into a folder.

    Parameters
    ----------
    result : Result
        The run.
    loaded : LoadedRound
        What went into it.
    folder : Path
        An existing folder that the caller puts in place once all are written.

    Returns
    -------
    tuple of Path
        ``decisions.csv``, ``decisions.xlsx``, ``report.html``, ``record.zip``; and
        ``NOT-FINAL.txt`` where the run was stopped, because the columns of ``decisions.csv`` are
        fixed and cannot say so.
    """
    table, workbook, report, record = (
        folder / name for name in ("decisions.csv", "decisions.xlsx", "report.html", "record.zip")
    )
    write_decisions_csv(result, table)
    write_decisions_xlsx(result, workbook)
    write_report(result, report)
    write_record(result, loaded, record, decisions_csv=table.read_bytes())
    if result.allocation.status is Status.OPTIMAL:
        return table, workbook, report, record
    mark = folder / "NOT-FINAL.txt"
    mark.write_text(say("outputs.not-final-file") + "\n", encoding="utf-8", newline="\n")
    return table, workbook, report, record, mark
