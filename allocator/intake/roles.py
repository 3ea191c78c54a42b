"""Roles and other categories as people write them become the values a policy names.

"WP1/13 Vice-Chairman", "vice chair of working party 1" and "wp_vice_chair" are one role, and
"Rapporteur / Editor" are two. No role is taken for a similar one: a regional group chair is no
chair.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from allocator.intake.columns import APPLICATIONS
from allocator.intake.values import fold

# A slash between digits belongs to a number, as in WP1/13 and Q6/13.
_SEPARATORS = re.compile(r"[;|\n]|(?<!\d)/|/(?!\d)")
_NUMBERED = re.compile(r"^(wp|sg|q)?\d+$")
_PHRASES = (
    (re.compile(r"\bvice(chair\w*)"), r"vice \1"),
    (re.compile(r"\bchair(?:man|men|woman|women|person|persons|s)\b"), "chair"),
    (re.compile(r"\bworking part(?:y|ies)\b"), "wp"),
    (re.compile(r"\bstudy group\b"), "sg"),
    (re.compile(r"\brapporteurs\b"), "rapporteur"),
    (re.compile(r"\beditors\b"), "editor"),
)
# Words that do not change the role: which group or question, and that it is shared with another.
_FILLERS = frozenset(fold("a an the of for in to s itu t sg question questions q co no").split())


def said_in(column: str, written: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return which of the known values a cell says, in their order; the whole cell comes first.

    Parameters
    ----------
    column : str
        A role is read loosely, any other column folded.
    written : str
        The cell; ``;``, ``/`` or ``|`` stand between several values.
    known : sequence of str
        The values a policy names.
    """
    return _said(APPLICATIONS.known(column) == "role", written, tuple(known))


@lru_cache(maxsize=1 << 14)
def _said(is_role: bool, written: str, known: tuple[str, ...]) -> tuple[str, ...]:
    key = role_key if is_role else _plain_key
    for parts in ((written,), _SEPARATORS.split(written)):
        keys = [key(part) for part in parts]
        if found := tuple(each for each in known if key(each) in keys):
            return found
    return ()


def _plain_key(text: str) -> tuple[str, ...]:
    return (fold(text) or text,)


def role_key(text: str) -> tuple[str, ...]:
    """Return the words of a role that matter, sorted."""
    words = fold(text)
    for pattern, meant in _PHRASES:
        words = pattern.sub(meant, words)
    kept = (_NUMBERED.sub(r"\1", word) for word in words.split())
    found = tuple(sorted(word for word in kept if word and word not in _FILLERS))
    return found or (words,)
