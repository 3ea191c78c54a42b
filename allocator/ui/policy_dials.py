"""Every number of a policy as a slider, with its meaning in words and what it rests on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby

import streamlit as st

from allocator.model import POINT
from allocator.policy_diff import meaning
from allocator.policy_edit import Dial, Unit, dials, with_weights, written
from allocator.policy_parameter import Parameter
from allocator.policy_schema import Policy
from allocator.policy_sentences import criterion_text, factor_text, reference_text
from allocator.policy_terms import own_titles, points_text, share_text
from allocator.rules import Rules
from allocator.texts import say
from allocator.ui import policy_draft
from allocator.ui.components import section
from allocator.ui.formats import day, quoted, safe
from allocator.ui.policy_draft import Draft

_LEAST_END = Fraction(50)
_STEPS = (Fraction(1), Fraction(1, 2), Fraction(1, 10), Fraction(1, 1000))


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of the policy that people speak of, in words, with the numbers that can be turned."""

    heading: str
    words: str
    reference: str | None
    dials: tuple[Dial, ...]

    @property
    def folded(self) -> bool:
        """Tell whether it is one of a list of criteria."""
        return "criteria" in self.dials[0].steps


def draw(round_id: str, draft: Draft, policy: Policy, rules: Rules) -> None:
    """Draw the sliders; moving one changes the draft."""
    began = policy_draft.checked(draft.source.text)[0]
    before = {each.name: each.value for each in dials(began, rules.on)} if began else {}
    board = _Board(round_id, draft, rules, before)
    for part in ("balance", "merit"):
        section(say(f"ui.policy.part.{part}.title"))
        st.caption(say(f"ui.policy.part.{part}.about"))
        entries = tuple(_entries(policy, rules, part))
        if not entries:
            st.markdown(say(f"ui.policy.part.{part}.none"))
        for entry in entries:
            board.entry(entry)


def _entries(policy: Policy, rules: Rules, part: str) -> Iterator[Entry]:
    """Yield the entries of a part of the policy with the words that the rules give them."""
    of_part = (each for each in dials(policy, rules.on) if each.steps[0] == part)
    words = dict(_words(rules))
    for key, found in groupby(of_part, key=lambda each: _entry_of(each)):
        if key in words:
            heading, text, reference = words[key]
            yield Entry(heading, text, reference, tuple(found))


def _entry_of(dial: Dial) -> tuple[str, ...]:
    """Return what a number belongs to: ``balance, women`` or ``merit, criteria, role``."""
    return tuple(str(step) for step in dial.steps[: 3 if dial.steps[1] == "criteria" else 2])


def _words(rules: Rules) -> Iterator[tuple[tuple[str, ...], tuple[str, str, str | None]]]:
    titles = own_titles(rules)
    for factor in rules.balance:
        told = factor.title, factor_text(factor, titles), factor.reference
        yield ("balance", factor.id), told
    award = say("policy-words.merit.award", points=points_text(rules.award_points))
    yield ("merit", "award"), (say("ui.policy.award"), award, rules.award_reference)
    for criterion in rules.criteria:
        text = criterion_text(criterion, titles).removeprefix(f"{criterion.title}: ")
        yield ("merit", "criteria", criterion.id), (criterion.title, text, criterion.reference)


@dataclass(frozen=True, slots=True)
class _Board:
    """What every slider needs to know: whose draft it turns, and where that began."""

    round_id: str
    draft: Draft
    rules: Rules
    before: dict[str, Fraction]

    def entry(self, entry: Entry) -> None:
        """Draw an entry; those of which there may be many are folded, for the page to be short.

        What is folded is drawn when it is opened: sliders are dear to the browser.
        """
        if entry.folded:
            key = f"policy-fold-{self.round_id}-{'.'.join(map(str, entry.dials[0].steps[:3]))}"
            with st.expander(safe(entry.heading), key=key, on_change="rerun") as box:
                if box.open:
                    self._inside(entry)
            return
        with st.container(border=True):
            st.subheader(safe(entry.heading), anchor=False)
            self._inside(entry)

    def _inside(self, entry: Entry) -> None:
        st.markdown(in_words(entry.words[:1].upper() + entry.words[1:]))
        for dial in entry.dials:
            self._slider(dial)
        self._rests_on(entry)

    def _slider(self, dial: Dial) -> None:
        shown, most, step = _scale(dial, self.before.get(dial.name, dial.value))
        whole = step == 1
        number: Callable[[Fraction], int | float] = int if whole else float
        key = f"policy-{self.round_id}-{self.draft.source.id}-{dial.name}-{step}"
        if st.session_state.get(key) != number(shown):
            st.session_state[key] = number(shown)
        st.slider(
            _label(dial),
            min_value=number(Fraction(0)),
            max_value=number(most),
            step=number(step),
            format=_form(dial, step),
            key=key,
            on_change=self._turned,
            args=(dial, key),
        )
        self._was(dial)

    def _turned(self, dial: Dial, key: str) -> None:
        value = Fraction(round(st.session_state[key] * POINT), POINT)
        if dial.unit is Unit.SHARE:
            value /= 100
        text = with_weights(self.draft.text, {dial.name: value}, self.rules.on)
        policy_draft.change(self.round_id, self.draft, text)

    def _was(self, dial: Dial) -> None:
        """Say from when a value is in force, and what it was before it was turned."""
        told = []
        before = self.before.get(dial.name)
        if before is not None and before != dial.value:
            told.append(say("ui.policy.dial.was", value=safe(written(before, dial.unit))))
        if dial.since is not None:
            told.append(say("ui.policy.dial.since", day=day(dial.since)))
        if told:
            st.caption(" · ".join(told))

    def _rests_on(self, entry: Entry) -> None:
        """Say what an entry and its numbers rest on: the names at once, the rest when asked."""
        named = dict.fromkeys((entry.reference, *(each.reference for each in entry.dials)))
        known = {each.id: each for each in self.rules.references}
        found = [known[each] for each in named if each in known]
        if not found:
            return
        names = safe(", ".join(each.id for each in found))
        with st.popover(say("ui.policy.dial.rests-on", names=names), type="tertiary"):
            for each in found:
                st.markdown(in_words(reference_text(each)))


def _scale(dial: Dial, before: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Return where a slider stands, where it ends, and by how much it moves.

    An end follows from the value the draft began with, so that it stays while one turns.
    """
    if dial.unit is Unit.SHARE:
        percent = dial.value * 100
        step = _STEPS[0] if percent.denominator == 1 else _STEPS[2]
        return Fraction(round(percent / step)) * step, Fraction(100), step
    step = next((each for each in _STEPS if (dial.value / each).denominator == 1), _STEPS[-1])
    return dial.value, max(end_of_scale(before), dial.value), step


def end_of_scale(before: Fraction) -> Fraction:
    """Return where a slider of merit points ends, here and on the page Allocation.

    Parameters
    ----------
    before : Fraction
        The value that it begins with, in points.
    """
    most = _LEAST_END
    while most < before * Fraction(3, 2):
        most *= 2
    return most


def _form(dial: Dial, step: Fraction) -> str:
    number = "%d" if step == 1 else "%.3f" if step < Fraction(1, 10) else "%.1f"
    return f"{number} %%" if dial.unit is Unit.SHARE else number


def _label(dial: Dial) -> str:
    """Return what a number is, without the name of its entry, which stands above it."""
    words = meaning(dial.steps, dial.title)
    words = words.partition(f"“{dial.title}”: ")[2] or words
    return in_words(words[:1].upper() + words[1:])


def in_words(text: str) -> str:
    """Return a sentence about a policy, made safe, with names in quotation marks."""
    return safe(quoted(text))


@dataclass(frozen=True, slots=True)
class Target:
    """A target share, from when it holds, and whether it is the one in force."""

    factor: str
    share: str
    start: date | None
    in_force: bool
    reference: str


def targets(policy: Policy, on: date) -> Iterator[Target]:
    """Yield every target share of a policy, those of each factor by date."""
    for factor in policy.content.balance:
        target: Parameter[Fraction | str] = factor.target
        if target.value is not None:
            yield Target(factor.title, _share(target.value), None, True, target.reference or "")
        in_force = max((each.start for each in target.values if each.start <= on), default=None)
        for each in sorted(target.values, key=lambda one: one.start):
            source = each.reference or target.reference or ""
            now = each.start == in_force
            yield Target(factor.title, _share(each.value), each.start, now, source)


def _share(value: Fraction | str) -> str:
    return say("ui.policy.target.proportional") if isinstance(value, str) else share_text(value)
