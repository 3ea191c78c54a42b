"""The command line of ``verify_record.py``: a record becomes lines of checks and an exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from allocator.record.check_all import (
    FROM_INPUTS,
    Given,
    look_at_edition,
    look_at_file,
    look_at_origin,
    look_within,
    of_redacted,
    open_points,
)
from allocator.record.check_report import Check, Report, Unchecked, carried_out, report_lines
from allocator.record.check_signature import read_key
from allocator.texts import say

FOR_THE_ALLOCATOR = ("tables", *FROM_INPUTS, "reasons", "policy-promises")
"""Checks that this file leaves to the allocator."""

USAGE = 2
"""Exit code where the command was not understood or a file could not be read."""


def verify_alone(data: bytes, given: Given, version: str, standalone: bytes) -> Report:
    """Make every check that needs nothing but the record.

    Parameters
    ----------
    data : bytes
        The record.
    given : Given
        What else the auditor has.
    version, standalone : str, bytes
        The version of this file, and its bytes.
    """
    record, form = look_at_file(data)
    checks = [form]
    if record is not None:
        opened = record
        checks += look_at_origin(opened, given)
        checks.append(carried_out("edition", lambda: look_at_edition(opened, version, standalone)))
        checks += [_for_the_allocator(name) for name in FOR_THE_ALLOCATOR]
        checks += of_redacted(opened, look_within(opened))
    open_ = open_points(record, given, checks)
    return Report(tuple(checks), (say("verify.open.standalone"), *open_))


def _for_the_allocator(name: str) -> Check:
    def look() -> str:
        raise Unchecked(say("verify.needs-allocator"))

    return carried_out(name, look, required=False)


def main(version: str, arguments: Sequence[str] | None = None) -> int:
    """Verify the record named on the command line; return 0, 1 or 2."""
    parser = argparse.ArgumentParser(description=say("verify.alone.about"))
    parser.add_argument("record", type=Path, help=say("verify.alone.record"))
    parser.add_argument("--previous", type=Path, help=say("verify.alone.previous"))
    parser.add_argument("--key", type=Path, help=say("verify.alone.key"))
    parser.add_argument("--timestamp-ca", type=Path, help=say("verify.alone.timestamp-ca"))
    parser.add_argument("--json", action="store_true", help=say("verify.alone.json"))
    asked = parser.parse_args(arguments)
    try:
        data = asked.record.read_bytes()
        given = Given(
            previous=asked.previous.read_bytes() if asked.previous else None,
            public_key=read_key(asked.key.read_bytes()) if asked.key else None,
            authority=asked.timestamp_ca,
        )
        own = Path(__file__).read_bytes()
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return USAGE
    report = verify_alone(data, given, version, own)
    if asked.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        for line in report_lines(report):
            print(
                line.encode(sys.stdout.encoding or "ascii", "replace").decode(sys.stdout.encoding)
            )
    return report.exit_code
