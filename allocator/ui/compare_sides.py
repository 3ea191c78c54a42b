"""The policies that can be compared on a round, and the round decided under one of them.

Saved versions, policies that come with the tool, uploaded files, and what was changed on the pages
Policy and Allocation and not saved. What is decided is kept by its text: it is decided once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from allocator.errors import AllocatorError, has_errors
from allocator.explain.compare_policies import Comparison, compare_results
from allocator.explain.result import Result
from allocator.explain.what_if import Assessed, assessed, what_if
from allocator.intake.amended import with_policy
from allocator.office.memory import LIST, RESULT
from allocator.office.views import RoundView
from allocator.policy import check_policy, policy_bytes, settle, shipped_policies
from allocator.texts import say
from allocator.ui.allocation_weights import kept_weights, with_these
from allocator.ui.kept import as_it_stands, kept, whose
from allocator.ui.policy_draft import FILE, unsaved_of
from allocator.ui.results import assessed_now, finished_runs, shown, under
from allocator.ui.session import Desk

WEIGHTS = "weights"
_PATIENCE = 60.0
"""Seconds for each policy; after them the best known is shown and said to be that."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A policy to compare: a short name, its title, and its file unless it is turned weights.

    One that is not saved exists for the person at the desk alone; its title says whose it is.
    """

    key: str
    name: str
    title: str
    content: bytes = b""
    file: str = FILE
    unsaved: bool = False


def choices(desk: Desk, view: RoundView) -> dict[str, Choice]:
    """Return the policies that can be compared on a round, by key."""
    found: dict[str, Choice] = {}
    for each in desk.policies():
        key = f"policy-{each.id}"
        own = view.policy is not None and each.id == view.policy.id
        short = say(f"ui.compare.name.{'own' if own else 'saved'}", number=each.number)
        found[key] = Choice(key, short, each.title, each.text.encode("utf-8"))
    found |= {each.key: each for each in _unsaved(desk, view)}
    for name, title in shipped_policies():
        content, file = policy_bytes(name)
        key = f"file-{name}"
        found[key] = Choice(key, name, say("ui.compare.name.shipped", title=title), content, file)
    return found


def _unsaved(desk: Desk, view: RoundView) -> Iterator[Choice]:
    """Yield what stands on the screen of the person at the desk and nowhere else."""
    me = desk.me()
    who = me.name or me.login
    for draft in unsaved_of(view.summary.id):
        version, key = draft.source.version, f"draft-{draft.source.id}"
        of = draft.source.id.removeprefix("shipped-")
        if version is not None:
            of = say("ui.compare.name.saved", number=version.number)
        short, title = (
            say("ui.compare.name.draft", of=of),
            say("ui.compare.name.on-policy", who=who),
        )
        yield Choice(key, short, title, draft.text.encode("utf-8"), unsaved=True)
    if _turned(view) is not None:
        title = say("ui.compare.name.on-allocation", who=who)
        yield Choice(WEIGHTS, say("ui.compare.name.weights"), title, unsaved=True)


def uploaded(name: str, content: bytes) -> Choice:
    """Return an uploaded file as a policy to compare."""
    key = f"upload-{sha256(content).hexdigest()[:12]}"
    return Choice(key, name, say("ui.compare.name.uploaded"), content, name)


def decided(desk: Desk, view: RoundView, choice: Choice) -> Result:
    """Return the round under a policy, in brief but proven optimal.

    Raises
    ------
    AllocatorError
        The policy has errors or does not fit the round, or it allows no allocation.
    """
    if choice.key == WEIGHTS:
        return _under_weights(desk, view)
    who = whose(desk)

    def make() -> Result:
        return _decided(assessed_now(desk, view), choice, persons=who.persons)

    key = who, *as_it_stands(view), _stands_for(view, choice)
    return kept("compared", key, make, lambda found: RESULT * len(found.lines))


def side_by_side(
    desk: Desk, view: RoundView, outcomes: Sequence[tuple[Choice, Result]]
) -> Comparison:
    """Set the round as it was decided under several policies side by side."""
    chosen = tuple((each.name, _stands_for(view, each)) for each, _ in outcomes)
    return kept(
        "side by side",
        (whose(desk), *as_it_stands(view), chosen),
        lambda: compare_results([(each.name, result) for each, result in outcomes]),
        lambda found: LIST * (1 + len(found.moved())),
    )


def _stands_for(view: RoundView, choice: Choice) -> object:
    """Return what tells one policy from another."""
    turned = _turned(view) if choice.key == WEIGHTS else None
    if turned is None:
        return sha256(choice.content).hexdigest()
    run, weights = turned
    return run, tuple(sorted(weights.items()))


def _decided(known: Assessed, choice: Choice, *, persons: bool) -> Result:
    if persons:
        known = assessed(with_policy(known.loaded, choice.content, choice.file))
        return what_if(known, time_limit=_PATIENCE)
    # Without its persons a round has no files to read again; it is judged as it was understood.
    policy, problems = check_policy(choice.content, choice.file)
    if policy is None or has_errors(problems):
        raise AllocatorError(problems)
    rules = settle(policy, known.loaded.round.decision_date)
    return what_if(known, rules, time_limit=_PATIENCE)


def _turned(view: RoundView) -> tuple[str, dict[str, int]] | None:
    """Return the weights turned against a run that is still there, if any."""
    kept = kept_weights(view)
    if kept is None or kept[0] not in {each.id for each in finished_runs(view)}:
        return None
    return kept


def _under_weights(desk: Desk, view: RoundView) -> Result:
    kept = _turned(view)
    assert kept is not None  # it is offered only while there are turned weights
    run = next(each for each in finished_runs(view) if each.id == kept[0])
    rules = with_these(shown(desk, run).result.rules, kept[1])
    return under(desk, view, run, rules)
