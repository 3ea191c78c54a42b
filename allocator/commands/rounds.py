"""``check`` and ``run``: a round folder becomes a list of problems, or a result in files."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from allocator.commands.answer import (
    Answer,
    Block,
    Heading,
    Table,
    Text,
    problem_blocks,
    problem_data,
    refused,
)
from allocator.commands.guard import EndedOnPurpose
from allocator.commands.progress import shown_progress
from allocator.commands.publish import published
from allocator.commands.summary import result_blocks, result_data
from allocator.errors import AllocatorError, Exit, has_errors, problem
from allocator.explain.result import Result
from allocator.intake.assess import Assessment, assess, problems_of
from allocator.intake.folder import LoadedRound, load_round
from allocator.model import Ineligible
from allocator.optimise.allocation import Status
from allocator.texts import say
from allocator.wording import count_words


def check(folder: Path, policy: str | None = None) -> Answer:
    """Read a round and say everything that is wrong with it, and who is ineligible and why.

    Parameters
    ----------
    folder : Path
        The round.
    policy : str, optional
        A policy file, or the name of a shipped policy, instead of the round's own.
    """
    loaded = load_round(folder, policy)
    if has_errors(loaded.problems):
        return refused(problems_of(loaded))
    assessment = assess(loaded)
    problems = (*loaded.problems, *assessment.problems)
    if has_errors(problems):
        return refused(problems)
    pool = assessment.pool
    return Answer(
        blocks=(
            Heading(loaded.round.title),
            Text(_counts(loaded, assessment)),
            *problem_blocks(problems),
            *_ineligible_blocks(pool.ineligible),
            Text(say("cli.check.ready", folder=folder)),
        ),
        data={
            "round": loaded.round.id,
            "applications": len(loaded.applications),
            "eligible": len(pool.candidates),
            "ineligible": [_ineligible_data(each) for each in pool.ineligible],
            "problems": problem_data(problems),
        },
    )


def run(
    folder: Path,
    policy: str | None,
    out: Path | None,
    time_limit: float | None,
    exact: bool = False,
    flips: bool = False,
    money_for: tuple[str, ...] = (),
) -> Answer:
    """Allocate a round and write the result files.

    Parameters
    ----------
    folder : Path
        The round.
    policy : str, optional
        A policy file, or the name of a shipped policy, instead of the round's own.
    out : Path, optional
        Where the files go; ``out`` in the round's folder if not given.
    time_limit : float, optional
        Seconds after which the best known answer is taken, with its proven gap.
    exact : bool
        Whether to explain everything exactly, however large the round is.
    flips : bool
        Whether to ask of every application what another stated gender would have changed.
    money_for : tuple of str
        Applications of which to find the least extra money that would have sufficed.
    """
    place = out or folder / "out"
    result, files = allocate(
        folder, policy, place, time_limit, exact=exact, flips=flips, money_for=money_for
    )
    final = result.allocation.status is Status.OPTIMAL
    return Answer(
        blocks=result_blocks(result, files, folder),
        data=result_data(result, files),
        exit_code=Exit.DONE if final else Exit.NOT_FINAL,
    )


def allocate(
    folder: Path,
    policy: str | None,
    out: Path,
    time_limit: float | None = None,
    *,
    exact: bool = False,
    flips: bool = False,
    money_for: tuple[str, ...] = (),
) -> tuple[Result, tuple[Path, ...]]:
    """Load, decide and write; return the result and the files where they finally are.

    Raises
    ------
    AllocatorError
        With every problem found, where the round or the output folder does not permit it.
    """
    loaded = load_round(folder, policy)
    if has_errors(loaded.problems):
        raise AllocatorError(problems_of(loaded))
    known = {each.application_id for each in loaded.applications}
    unknown = [problem("run-no-application", value=e) for e in money_for if e not in known]
    if unknown:
        raise AllocatorError(unknown)
    # The solver and all that writes take a while to load, and a refusal should not wait for them.
    from allocator.decide import decide
    from allocator.outputs import write_all

    with published(out) as aside:
        with interruptible() as stop, shown_progress() as progress:
            result = decide(
                loaded,
                time_limit=time_limit,
                progress=progress,
                cancel=stop.is_set,
                explain="exact" if exact else None,
                flips=flips,
                money_for=money_for,
                processes=cpu_count() or 1,
            )
        written = write_all(result, loaded, aside)
    return result, tuple(out / path.relative_to(aside) for path in written)


@contextmanager
def interruptible() -> Iterator[Event]:
    """Turn the first Ctrl-C (or a polite request to end) into an event; the second one ends all."""
    stop = Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise EndedOnPurpose
        stop.set()

    earlier = {each: signal.signal(each, note) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in earlier.items():
            signal.signal(each, handler)


def _counts(loaded: LoadedRound, assessment: Assessment) -> str:
    return say(
        "cli.check.counts",
        applications=count_words("applications", len(loaded.applications)),
        meetings=count_words("meetings", len(loaded.round.meetings)),
        eligible=len(assessment.pool.candidates),
        ineligible=len(assessment.pool.ineligible),
        policy=loaded.rules.title,
    )


def _ineligible_blocks(ineligible: tuple[Ineligible, ...]) -> tuple[Block, ...]:
    """Return a row per application, with every rule it breaks."""
    if not ineligible:
        return ()
    rows = tuple(
        (each.application.application_id, " ".join(finding.text for finding in each.findings))
        for each in ineligible
    )
    headers = (say("cli.word.application"), say("cli.word.why"))
    return (Heading(say("cli.check.ineligible")), Table(headers, rows))


def _ineligible_data(each: Ineligible) -> dict[str, Any]:
    return {
        "application_id": each.application.application_id,
        "findings": [
            {"rule": finding.rule, "reference": finding.reference, "text": finding.text}
            for finding in each.findings
        ],
    }
