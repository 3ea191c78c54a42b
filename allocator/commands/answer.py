"""What a command has to say: JSON for machines, blocks for people, and its exit code."""

from dataclasses import dataclass, field
from typing import Any

from allocator.errors import Exit, Problem, ordered


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that opens a part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """Sentences that stand under each other, each beginning with a dash."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of equal length under headers; columns named in ``right`` hold figures."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Problems:
    """Problems, in their order: a table on a terminal, a line each elsewhere."""

    problems: tuple[Problem, ...]


type Block = Heading | Text | Items | Table | Problems


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a command.

    ``data`` is the machine-readable form and holds plain JSON values; ``blocks`` is the same in
    words. A refusal is shown on the error stream.
    """

    blocks: tuple[Block, ...]
    data: dict[str, Any] = field(default_factory=dict)
    exit_code: Exit = Exit.DONE
    refusal: bool = False


def problem_blocks(problems: tuple[Problem, ...]) -> tuple[Block, ...]:
    """Return the problems in order, or nothing where there are none."""
    return (Problems(ordered(problems)),) if problems else ()


def problem_data(problems: tuple[Problem, ...]) -> list[dict[str, str | int]]:
    """Return the problems in order, as JSON."""
    return [each.as_json() for each in ordered(problems)]


def refused(problems: tuple[Problem, ...], exit_code: Exit = Exit.REFUSED) -> Answer:
    """Return the answer to a request that could not be carried out."""
    return Answer(
        blocks=problem_blocks(problems),
        data={"problems": problem_data(problems)},
        exit_code=exit_code,
        refusal=True,
    )
