"""Two records become what changed between them, and whether inputs or policy explain it.

The same inputs and policy give the same decisions. So where decisions differ, something they are
made from must differ too: applications, past awards, the round, the policy's rules, the reference
tables or the version of the allocator; or one of the runs was stopped before the best was found. If
nothing does, the change is unexplained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from allocator.intake.overrides import OVERRIDES, Override, read_overrides
from allocator.policy import check_policy, diff
from allocator.record.canonical import canonical
from allocator.record.check_book import number
from allocator.record.check_container import INPUTS, Opened
from allocator.record.check_outcome import points
from allocator.record.check_report import safe
from allocator.record.check_rules import cents
from allocator.record.compare_told import told_differently
from allocator.texts import say

_WORDS_ONLY = frozenset(
    {"reference", "references", "title", "version", "policy_id", "policy_path", "source", "url"}
)
"""Parts of rounds and policies that name or describe and decide nothing."""

_OUTCOME = ("decision", "package", "fund", "amount", "currency", "merit")


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that decisions are made from and that differs.

    ``kind`` is ``applications``, ``prior_awards``, ``overrides``, ``round``, ``policy``,
    ``tables``, ``version`` or ``stopped``; ``texts`` say what differs, by application id where it
    is about one. ``decides`` unless it is only about words, which cannot explain another outcome.
    """

    kind: str
    texts: tuple[str, ...]
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Changed:
    """An application whose outcome differs: before and after in words, and what can explain it.

    ``own`` tells that the application itself was changed, added or removed; otherwise the others,
    the round or the policy changed about it.
    """

    application_id: str
    before: str
    after: str
    own: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two records of a round.

    ``told`` are texts on what is told differently beside the outcomes: margins, reasons, ties,
    effects, fairness.
    """

    causes: tuple[Cause, ...]
    changed: tuple[Changed, ...]
    told: tuple[str, ...] = ()

    @property
    def explained(self) -> bool:
        """Tell whether every change has something that can explain it."""
        return any(each.decides for each in self.causes) or not (self.changed or self.told)


def compare(before: bytes, after: bytes) -> Comparison:
    """Compare two records.

    Parameters
    ----------
    before, after : bytes
        Records; that each is sound is for ``verify`` to say.

    Raises
    ------
    Refused
        One of them is not formed as records are.
    """
    old, new = Opened(before), Opened(after)
    own = dict(_applications(old, new))
    causes = tuple(each for each in _causes(old, new, own) if each.texts)
    told = tuple(text for _, text in told_differently(old, new))
    return Comparison(causes, tuple(_changed(old, new, own)), told)


def _causes(old: Opened, new: Opened, own: dict[str, str]) -> Iterator[Cause]:
    yield Cause("applications", tuple(own.values()))
    yield Cause("prior_awards", tuple(_prior_awards(old, new)))
    yield Cause("overrides", (*_overrides(old, new), *_money_gone(old, new)))
    yield Cause("overrides", tuple(_reworded(old, new)), decides=False)
    yield Cause("round", tuple(_round(old, new)))
    yield Cause("policy", tuple(_policy(old, new)))
    yield Cause("tables", tuple(_tables(old, new)))
    yield Cause("version", tuple(_version(old, new)))
    yield Cause("stopped", tuple(_stopped(old, new)))


def _applications(old: Opened, new: Opened) -> Iterator[tuple[str, str]]:
    """Yield the applications that are new, gone or changed, with the fields; never their content.

    In which row one stands, and how its administration was spelt, decides nothing.
    """
    before, after = _by_id(old), _by_id(new)
    for each in sorted({*before, *after}):
        name = safe(each)
        if each not in before:
            yield each, say("verify.compare.application.new", application=name)
        elif each not in after:
            yield each, say("verify.compare.application.gone", application=name)
        elif fields := [key for key in before[each] if before[each][key] != after[each].get(key)]:
            text = ", ".join(fields)
            yield each, say("verify.compare.application.other", application=name, fields=text)


def _by_id(record: Opened) -> dict[str, dict[str, Any]]:
    idle = ("row", "administration_as_written", "family_name", "given_name")
    return {
        each["application_id"]: {key: value for key, value in each.items() if key not in idle}
        for each in record.plain("applications.json")["applications"]
    }


def _prior_awards(old: Opened, new: Opened) -> Iterator[str]:
    before, after = (
        sorted(canonical(each) for each in record.plain("applications.json")["prior_awards"])
        for record in (old, new)
    )
    if before != after:
        yield say("verify.compare.prior-awards", before=len(before), after=len(after))


def _overrides(old: Opened, new: Opened) -> Iterator[str]:
    """Yield the overrides that are new, taken back or changed, by application id."""
    before, after = (_override_bounds(record) for record in (old, new))
    for application in sorted({*before, *after}):
        was, now = before.get(application), after.get(application)
        if was != now:
            kind = "other" if was and now else "new" if now else "gone"
            title = safe((now or was or {})["title"])
            yield say(f"verify.compare.override.{kind}", title=title)


def _money_gone(old: Opened, new: Opened) -> Iterator[str]:
    """Yield the lines of which another amount was spent or saved outside the round."""
    before, after = _spent(old), _spent(new)
    for line in sorted({*before, *after}):
        if before.get(line, 0) != after.get(line, 0):
            amounts = {"before": cents(before.get(line, 0)), "after": cents(after.get(line, 0))}
            yield say("verify.compare.override.spent", line=safe(line), **amounts)


def _spent(record: Opened) -> dict[str, int]:
    content = record.members.get(f"{INPUTS}{OVERRIDES}")
    return dict(read_overrides(content).spent) if content else {}


def _reworded(old: Opened, new: Opened) -> Iterator[str]:
    """Yield the overrides that decide the same, but with another reason, author or day."""
    before, after = _override_words(old), _override_words(new)
    bounds, others = _override_bounds(old), _override_bounds(new)
    for application in sorted({*before} & {*after}):
        same_effect = bounds.get(application) == others.get(application)
        if same_effect and before[application] != after[application]:
            yield say("verify.compare.override.words", application=safe(application))


def _override_words(record: Opened) -> dict[str, Override]:
    content = record.members.get(f"{INPUTS}{OVERRIDES}")
    found = read_overrides(content).overrides if content else ()
    return {each.application_id: each for each in found}


def _override_bounds(record: Opened) -> dict[str, dict[str, Any]]:
    return {
        bound["id"].partition(":")[2]: bound
        for side in ("floors", "caps")
        for bound in record.plain("rules.json")[side]
        if ":" in bound["id"]
    }


def _round(old: Opened, new: Opened) -> Iterator[str]:
    before, after = (_deciding(_as_given(record)) for record in (old, new))
    for part in sorted({*before, *after}):
        if before.get(part) != after.get(part):
            yield say("verify.compare.round", part=part)


def _as_given(record: Opened) -> dict[str, Any]:
    """Return the round with the money that was there before anything was spent outside it."""
    round_, spent = record.plain("round.json"), _spent(record)
    lines = (("funds", "fund", "amount"), ("meetings", "budget", "budget"))
    again = {
        part: [
            each
            if each[key] is None
            else {**each, key: number(each[key]) + spent.get(f"{line}[{each['id']}]", 0)}
            for each in round_[part]
        ]
        for part, line, key in lines
    }
    return {**round_, **again}


def _deciding(value: Any) -> Any:
    """Return what decides of a round or of rules, without the words that only describe."""
    if isinstance(value, dict):
        return {k: _deciding(v) for k, v in value.items() if k not in _WORDS_ONLY}
    return [_deciding(each) for each in value] if isinstance(value, list) else value


def _policy(old: Opened, new: Opened) -> Iterator[str]:
    before, after = (_deciding(_own_rules(record)) for record in (old, new))
    parts = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    if not parts:
        return
    told = list(_policy_words(old, new))
    yield from told or [say("verify.compare.rules", part=part) for part in parts]


def _own_rules(record: Opened) -> dict[str, Any]:
    """Return the rules as the policy alone gives them, without overrides."""
    rules = record.plain("rules.json")
    own = {s: [each for each in rules[s] if ":" not in each["id"]] for s in ("floors", "caps")}
    return {**rules, **own}


def _policy_words(old: Opened, new: Opened) -> Iterator[str]:
    """Yield the differences of the two policies in words, where both can be read."""
    policies = []
    for record in (old, new):
        inputs = record.plain("inputs.json")
        told = next((each for each in inputs if each["role"] == "policy"), None)
        if told is None:
            return
        policy, _ = check_policy(record.members[told["member"]], told["name"])
        if policy is None:
            return
        policies.append(policy)
    on = date.fromisoformat(new.plain("rules.json")["on"])
    none = say("verify.compare.none")
    for each in diff(policies[0], policies[1], on):
        words = {"meaning": each.meaning, "old": each.old or none, "new": each.new or none}
        yield say("verify.compare.policy", **words)


def _tables(old: Opened, new: Opened) -> Iterator[str]:
    before, after = (
        {each["name"]: each["sha256"] for each in record.plain("tables.json")["tables"]}
        for record in (old, new)
    )
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield say("verify.compare.table", name=safe(name))


def _version(old: Opened, new: Opened) -> Iterator[str]:
    before, after = (safe(str(record.plain("versions.json")["allocator"])) for record in (old, new))
    if before != after:
        yield say("verify.compare.version", before=before, after=after)


def _stopped(old: Opened, new: Opened) -> Iterator[str]:
    """Yield which of them is only the best that was found until its run was stopped."""
    for name, record in (("first", old), ("second", new)):
        if record.plain("result.json")["status"] != "optimal":
            yield say(f"verify.compare.stopped.{name}")


def _changed(old: Opened, new: Opened, own: dict[str, str]) -> Iterator[Changed]:
    before, after = _outcomes(old), _outcomes(new)
    for each in sorted({*before, *after}):
        if before.get(each) != after.get(each):
            was, now = _words(before.get(each)), _words(after.get(each))
            yield Changed(each, was, now, own=each in own)


def _outcomes(record: Opened) -> dict[str, dict[str, Any]]:
    return {
        each["application_id"]: {key: each[key] for key in _OUTCOME}
        for each in record.plain("result.json")["decisions"]
    }


def _words(outcome: dict[str, Any] | None) -> str:
    """Return an outcome in a few words: decision, package, amount, merit."""
    if outcome is None:
        return say("verify.compare.none")
    merit = outcome["merit"]
    key = {"awarded": "awarded", "declined": "declined"}.get(outcome["decision"], "ineligible")
    return say(
        f"verify.compare.outcome.{key}",
        package=outcome["package"],
        amount=cents(number(outcome["amount"])),
        currency=outcome["currency"],
        fund=outcome["fund"],
        merit="" if merit is None else points(Fraction(number(merit))),
    )
