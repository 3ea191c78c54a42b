"""``compare``: a round decided under several policies, side by side."""

from pathlib import Path

from allocator.commands.answer import Answer, Block, Heading, Table, Text
from allocator.errors import AllocatorError, Exit, Where, has_errors, problem
from allocator.explain.compare_policies import Comparison, compare_policies
from allocator.intake.folder import load_round
from allocator.outputs.compare_xlsx import (
    figure_rows,
    headers,
    move_rows,
    write_compare_xlsx,
)
from allocator.policy import policy_bytes
from allocator.texts import say

MOST_MOVES = 40
"""More applications than this are not listed on the screen."""


def compare(
    folder: Path, policies: list[str], out: Path | None, time_limit: float | None
) -> Answer:
    """Decide a round under several policies and say how the results differ.

    Parameters
    ----------
    folder : Path
        The round.
    policies : list of str
        Policy files, or names of shipped policies; a single one is compared with the round's own.
    out : Path, optional
        A workbook to write the comparison to.
    time_limit : float, optional
        Seconds for each policy.
    """
    if not policies:
        raise AllocatorError(problem("compare-no-policy"), Exit.USAGE)
    if out is not None and out.suffix.casefold() != ".xlsx":
        raise AllocatorError(problem("compare-out", Where(file=str(out))), Exit.USAGE)
    own = len(policies) == 1
    loaded = load_round(folder, None if own else policies[0])
    if has_errors(loaded.problems):
        raise AllocatorError(loaded.problems)
    sides = [(each, *policy_bytes(each)) for each in policies]
    if own:
        name, _, data = loaded.files[1]
        sides.insert(0, (say("compare.own"), data, name))
    comparison = compare_policies(loaded, sides, time_limit=time_limit)
    if out is not None:
        _write(comparison, out)
    final = all(side.final for side in comparison.sides)
    files = [str(out)] if out is not None else []
    return Answer(
        blocks=(*comparison_blocks(comparison), *(_written(each) for each in files)),
        data={**comparison.as_json(), "files": files, "problems": []},
        exit_code=Exit.DONE if final else Exit.NOT_FINAL,
    )


def comparison_blocks(comparison: Comparison) -> tuple[Block, ...]:
    """Return a comparison in words: the figures side by side, then who moves."""
    names = headers(comparison)
    figures = frozenset(range(1, len(names)))
    rows = move_rows(comparison)
    blocks: list[Block] = [
        Heading(comparison.title),
        Text(say("compare.opening", first=comparison.sides[0].name)),
        *(
            Text(say("compare.not-final", name=side.name))
            for side in comparison.sides
            if not side.final
        ),
        Table((say("compare.figure"), *names[1:]), figure_rows(comparison), figures),
        Heading(say("compare.moves")),
    ]
    if rows:
        blocks.append(Table((say("compare.application"), *names[1:]), rows[:MOST_MOVES]))
    else:
        blocks.append(Text(say("compare.same")))
    if len(rows) > MOST_MOVES:
        blocks.append(Text(say("compare.more", count=len(rows) - MOST_MOVES)))
    return tuple(blocks)


def _write(comparison: Comparison, path: Path) -> None:
    """Write aside, then rename: an earlier file is replaced whole or not at all."""
    aside = path.with_name(f".{path.name}.part")
    aside.touch()  # where that is not possible, the system says why; the workbook's writer does not
    try:
        write_compare_xlsx(comparison, aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _written(file: str) -> Block:
    return Text(say("compare.written", file=file))
