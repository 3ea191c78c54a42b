"""``demo`` and ``new``: a first result in a minute, and a folder to fill in."""

import csv
import os
import re
import shutil
import sys
from datetime import date
from importlib import resources
from pathlib import Path

from allocator.commands.answer import Answer, Block, Heading, Items, Text
from allocator.commands.publish import published
from allocator.commands.rounds import allocate
from allocator.commands.summary import file_blocks, result_blocks, result_data
from allocator.errors import AllocatorError, Exit, Where, problem
from allocator.explain.result import DecisionLine, Result
from allocator.intake.template import columns, round_text, write_workbook
from allocator.model import Decision
from allocator.optimise.allocation import Status
from allocator.policy import policy_bytes
from allocator.texts import say

EXAMPLE_MEETING = "sg13-2027-03"
EXAMPLE_DECISION_DATE = date(2027, 1, 25)
EXAMPLE_RECEIVED = "2027-01-08"
EXAMPLE_ROWS = 8
"""What stands in the example ``round.yaml``, and how many example rows ``--sample`` writes."""

DEFAULT_POLICY = "itu-t-2024"
_SAMPLE = resources.files("allocator") / "samples" / "one-meeting"
_SAMPLE_FILES = ("round.yaml", "applications.csv")
_RESULTS = "out"


def demo(folder: Path) -> Answer:
    """Copy the sample meeting, allocate it, and say what came out and what to do next.

    Files that are there already are used as they are, so that one can change them and try again.

    Raises
    ------
    AllocatorError
        ``cli-demo-not-empty`` if the folder holds anything else.
    """
    _refuse_other_files(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SAMPLE_FILES:
        if not (folder / name).exists():
            (folder / name).write_bytes((_SAMPLE / name).read_bytes())
    result, files = allocate(folder, None, folder / _RESULTS)
    blocks = result_blocks(result, files, folder)
    final = result.allocation.status is Status.OPTIMAL
    return Answer(
        blocks=(
            Text(say("cli.demo.opening", folder=folder)),
            *blocks,
            *_example_reasons(result),
            Heading(say("cli.demo.next-title")),
            Text(say("cli.demo.next", folder=folder, allocator=own_name(), report=files[0].parent)),
        ),
        data=result_data(result, files),
        exit_code=Exit.DONE if final else Exit.NOT_FINAL,
    )


def new(folder: Path, title: str | None, sample: bool) -> Answer:
    """Make a round folder to fill in.

    Parameters
    ----------
    folder : Path
        Missing or empty; its name becomes the round's id.
    title : str, optional
        The round's title.
    sample : bool
        Whether to write a few example applications.

    Raises
    ------
    AllocatorError
        ``cli-new-not-empty`` if the folder holds anything.
    """
    identifier = _identifier(folder)
    rows = _example_rows() if sample else []
    with published(folder, frozenset(), "cli-new-not-empty") as aside:
        text = round_text(identifier, title or say("cli.new.title", id=identifier))
        (aside / "round.yaml").write_text(text, encoding="utf-8", newline="\n")
        write_workbook(aside / "applications.xlsx", (EXAMPLE_MEETING,), EXAMPLE_DECISION_DATE, rows)
        (aside / "policy.yaml").write_bytes(policy_bytes(DEFAULT_POLICY)[0])
    files = tuple(folder / name for name in ("round.yaml", "applications.xlsx", "policy.yaml"))
    return Answer(
        blocks=(
            Text(say("cli.new.opening", folder=folder)),
            *file_blocks(files),
            Heading(say("cli.demo.next-title")),
            Text(say("cli.new.next", folder=folder, allocator=own_name())),
        ),
        data={"round": identifier, "files": [str(file) for file in files], "problems": []},
    )


def own_name() -> str:
    """Return how the person called this program, for commands to copy from a message."""
    found = shutil.which("allocator")
    called = Path(sys.argv[0])
    if called.stem != "allocator" or (found and Path(found).resolve() == called.resolve()):
        return "allocator"
    return os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called)


def _refuse_other_files(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise AllocatorError(problem("cli-out-is-file", Where(file=str(folder))))
    known = {*_SAMPLE_FILES, _RESULTS}
    others = (
        [each for each in folder.iterdir() if each.name not in known] if folder.exists() else []
    )
    if others:
        raise AllocatorError(
            problem("cli-demo-not-empty", Where(file=str(folder)), count=len(others))
        )


def _example_reasons(result: Result) -> tuple[Block, ...]:
    """Return the reason of the closest call on either side, one that no lottery settled if any."""
    drawn = {draw.application_id for draw in result.allocation.draws}

    def telling(line: DecisionLine) -> tuple[bool, bool, int, str]:
        settled = line.application_id in drawn
        return settled, line.margin is None, abs(line.margin or 0), line.application_id

    awarded = [each for each in result.lines if each.decision is Decision.AWARDED]
    declined = [each for each in result.lines if each.decision is Decision.DECLINED]
    chosen = [min(lines, key=telling) for lines in (awarded, declined) if lines]
    words = tuple(
        say("cli.demo.reason", id=each.application_id, decision=each.decision, reason=each.reason)
        for each in chosen
    )
    return (Heading(say("cli.demo.reasons")), Items(words)) if words else ()


def _identifier(folder: Path) -> str:
    """Return the folder's name as an id of letters, digits, dashes, dots and underscores."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name)[:64]
    return name.strip("-._") or "round"


def _example_rows() -> list[list[str]]:
    """Return the sample's first applications, moved to the example meeting."""
    names = [column.name for column in columns((EXAMPLE_MEETING,), EXAMPLE_DECISION_DATE)]
    text = (_SAMPLE / "applications.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))[:EXAMPLE_ROWS]
    moved = {"meeting": EXAMPLE_MEETING, "received": EXAMPLE_RECEIVED}
    return [[{**row, **moved}[name] for name in names] for row in rows]
