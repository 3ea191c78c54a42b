"""Run as a process of its own: an XLSX file on standard input becomes lines of JSON.

It knows nothing of the rest of the program and gives itself little memory and time, so that a file
made to break the reader breaks only this process. Lines: one object per sheet, then its rows as
``[number, [cells]]``; the last line is ``{"end": true}``.
"""

import io
import json
import sys
from contextlib import suppress
from datetime import date, datetime

MEMORY = 1 << 30
SECONDS = 20
MOST_MERGES = 20_000
CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), " ")
"""Control characters, which could act on a terminal; line breaks and tabs stay."""


def limit_itself() -> None:
    """Cap memory and time, and leave no core file, where the platform can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock remains.
        return
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Not every system knows every limit.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (allowed, allowed))


def cell_text(value: object) -> str:
    """Write a cell as text: dates in ISO form, numbers with the 15 digits a spreadsheet keeps."""
    if isinstance(value, str):
        return value.translate(CONTROLS).strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, datetime) and (value.hour or value.minute or value.second):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    return str(value)


def number_text(value: float) -> str:
    """Write a number without exponent and without the noise behind its fifteenth digit."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    short = format(value, ".15g")
    if "e" not in short:
        return short
    written = format(float(short), ".20f" if abs(value) < 1 else ".0f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def write(what: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(what, ensure_ascii=True) + "\n")


def main() -> None:
    """Read the workbook on standard input and write what it holds."""
    limit_itself()
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
    for about in workbook.sheets_metadata:
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_name(about.name)
        merged = (sheet.merged_cell_ranges or [])[:MOST_MERGES]
        write(
            {
                "sheet": about.name,
                "visible": about.visible == SheetVisibleEnum.Visible,
                "merged": [[top + 1, left, low + 1, right] for (top, left), (low, right) in merged],
            }
        )
        margin = [""] * sheet.start[1] if sheet.start else []
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = margin + [cell_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                write([number, cells])
    write({"end": True})


if __name__ == "__main__":
    main()
