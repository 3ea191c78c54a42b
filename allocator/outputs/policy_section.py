"""The rules of a run become what is read of them: the policy in words, and the overrides apart."""

from allocator.intake.overrides import override_of, without_overrides
from allocator.policy import plain_words
from allocator.policy_words import Section
from allocator.rules import Bound, Rules
from allocator.texts import say


def rules_in_words(rules: Rules) -> tuple[Section, ...]:
    """Return the policy aloud; after it, where there are any, the overrides of the office.

    Published awards that stand after a reallocation are counted, all others named one by one.
    """
    sections = plain_words(without_overrides(rules))
    overrides = [*_overrides("floor", rules.floors), *_overrides("cap", rules.caps)]
    if not overrides:
        return sections
    sentences = [f"{bound.title}." for bound, code in overrides if code != "kept"]
    if kept := len(overrides) - len(sentences):
        sentences.append(say("override.kept", count=kept))
    return (*sections, Section(say("override.section"), tuple(sentences)))


def _overrides(kind: str, bounds: tuple[Bound, ...]) -> list[tuple[Bound, str]]:
    found = ((bound, override_of(f"{kind}[{bound.id}]")) for bound in bounds)
    return [(bound, override[1]) for bound, override in found if override is not None]
