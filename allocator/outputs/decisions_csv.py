"""A result becomes ``decisions.csv``: one line per application, the same bytes every time.

UTF-8 without a byte order mark and with LF, so that the first header reads ``application_id`` in
every program and a checksum does not depend on the system; for Excel there is ``decisions.xlsx``.
"""

from pathlib import Path

from allocator.explain.result import DecisionLine, Result
from allocator.wording import plain_money, plain_points

HEADER = (
    "application_id",
    "decision",
    "package",
    "fund",
    "amount",
    "currency",
    "merit",
    "margin",
    "reason_code",
    "reason",
)
"""The columns, a contract (design, section 6)."""

_QUOTED_SIGNS = ('"', ",", "\r", "\n")

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: ``'`` goes before a sign of one."""
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text


def decisions_csv(result: Result) -> bytes:
    """Write the decisions as CSV.

    Parameters
    ----------
    result : Result
        One run, its lines sorted by application id.

    Returns
    -------
    bytes
        Amounts in the round's currency with two decimals, merit and margin in points with three;
        a margin is to spare (awarded) or, with a minus sign, short (declined), and empty where
        there is none to give.
    """
    rows = (HEADER, *(_fields(line) for line in result.lines))
    return "".join(f"{','.join(map(_cell, row))}\n" for row in rows).encode("utf-8")


def write_decisions_csv(result: Result, path: Path) -> None:
    """Write ``decisions.csv`` to ``path``."""
    path.write_bytes(decisions_csv(result))


def _cell(text: str) -> str:
    """Quote a text where it must be; the module ``csv`` differs in this between Python versions."""
    if any(sign in text for sign in _QUOTED_SIGNS):
        return f'"{text.replace('"', '""')}"'
    return text


def _fields(line: DecisionLine) -> tuple[str, ...]:
    """Return one row; numbers are left as they are, a minus sign is no formula there."""
    return (
        guarded(line.application_id),
        line.decision.value,
        line.package.value if line.package else "",
        guarded(line.fund),
        plain_money(line.amount),
        guarded(line.currency),
        "" if line.merit is None else plain_points(line.merit),
        "" if line.margin is None else plain_points(line.margin),
        guarded(line.reason_code),
        guarded(line.reason),
    )
