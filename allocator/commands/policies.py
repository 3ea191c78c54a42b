"""``policy check|show|diff|schema``: policy files checked, read aloud and compared."""

import json
from dataclasses import asdict
from datetime import date

from allocator.commands.answer import (
    Answer,
    Block,
    Heading,
    Items,
    Text,
    problem_blocks,
    problem_data,
    refused,
)
from allocator.errors import has_errors
from allocator.policy import (
    Change,
    check_policy,
    diff,
    json_schema,
    load_policy,
    plain_words,
    policy_bytes,
    promises,
    settle,
)
from allocator.policy_parameter import days_of_change
from allocator.texts import say

_LEAST = ("policy.", "references.")
"""Parts of a policy that change nothing in a decision; what they say differently comes last."""


def check(source: str) -> Answer:
    """Say everything that is wrong with a policy, and what its numbers promise.

    Parameters
    ----------
    source : str
        A path, or the name of a shipped policy.
    """
    policy, problems = check_policy(*policy_bytes(source))
    if policy is None or has_errors(problems):
        return refused(problems)
    rules = settle(policy, max(days_of_change(policy.content), default=date.max))
    follows = promises(rules)
    lines = tuple(
        " ".join(part for part in (f"{each.title}:", each.text, each.remedy) if part)
        for each in follows
    )
    return Answer(
        blocks=(
            *problem_blocks(problems),
            Text(say("cli.policy.fine", policy=rules.title)),
            Items(lines),
        ),
        data={
            "policy": rules.policy_id,
            "promises": [asdict(each) for each in follows],
            "problems": problem_data(problems),
        },
    )


def show(source: str, on: date | None = None) -> Answer:
    """Read a policy in plain words.

    Parameters
    ----------
    source : str
        A path, or the name of a shipped policy.
    on : date, optional
        The day to read it on; the day of its last change if not given.
    """
    sections = plain_words(load_policy(source), on)
    blocks = (
        block
        for section in sections
        for block in (Heading(section.title), Items(section.sentences))
    )
    data = {"sections": [asdict(section) for section in sections], "problems": []}
    return Answer(tuple(blocks), data)


def compare(before: str, after: str, on: date | None = None) -> Answer:
    """Say how two policies differ in meaning.

    Parameters
    ----------
    before, after : str
        Paths, or names of shipped policies.
    on : date, optional
        Compare what is in force on that day; every dated value if not given.
    """
    found = diff(load_policy(before), load_policy(after), on)
    changes = sorted(found, key=lambda each: each.path.startswith(_LEAST))
    blocks: tuple[Block, ...] = (
        Text(say("cli.policy.changes", before=before, after=after)),
        Items(tuple(map(_change_text, changes))),
    )
    return Answer(
        blocks=blocks if changes else (Text(say("cli.policy.same")),),
        data={"changes": [asdict(each) for each in changes], "problems": []},
    )


def _change_text(change: Change) -> str:
    key = "changed" if change.old and change.new else "gone" if change.old else "added"
    return say(f"cli.policy.{key}", what=change.meaning, old=change.old, new=change.new)


def schema() -> Answer:
    """Give the JSON Schema of policy files: bare for editors, in an answer with ``--json``."""
    made = json_schema()
    return Answer((Text(json.dumps(made, indent=2)),), {"schema": made, "problems": []})
