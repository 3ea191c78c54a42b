"""A round folder becomes everything that is needed to decide: round, policy, rules, applications.

The folder holds ``round.yaml``, ``applications.csv`` or ``.xlsx``, and optionally
``prior_awards.csv`` or ``.xlsx``, ``office_awards.csv``, ``overrides.yaml`` and ``policy.yaml``. No
file outside it is read, unless the command line names a policy elsewhere.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from allocator import countries
from allocator.errors import AllocatorError, Problem, Where, has_errors, ordered, problem
from allocator.fields import suggestion
from allocator.intake.columns import APPLICATIONS
from allocator.intake.facts import Facts
from allocator.intake.groups import BUILT_IN, attribute_name
from allocator.intake.overrides import (
    OVERRIDES,
    Override,
    OverridesFile,
    Spent,
    read_overrides,
    settled_overrides,
)
from allocator.intake.prior_awards import OFFICE_AWARDS, merged_awards, read_prior_awards
from allocator.intake.raw import MAX_BYTES
from allocator.intake.round_checks import policy_checks
from allocator.intake.round_file import RoundFile, read_round
from allocator.intake.values import fold
from allocator.intake.workbook import Intake, read_applications
from allocator.model import Application, Package, PriorAward, Round, Selector, Severity
from allocator.policy import Policy, check_policy, policy_bytes, settle, shipped_policies
from allocator.rules import EligibilityRule, Rules
from allocator.texts import say

ROUND = "round.yaml"
POLICY = "policy.yaml"
TABLES = (".csv", ".xlsx")


@dataclass(frozen=True, slots=True)
class LoadedRound:
    """A round with all that belongs to it.

    ``rules`` are the policy's on the decision date, with the round's region scheme and lottery seed
    where it names its own; ``round`` and ``rules`` agree on both. ``columns`` are those of the
    applications file: known ones by name, then the headers of others. ``problems`` are sorted; with
    an error among them nothing must be decided. ``files`` has (name, SHA-256 as hex, bytes) of
    every file read.

    ``rules`` and ``round`` have the overrides and the money already spent in them; ``overrides``
    and ``spent`` tell which.
    """

    round: Round
    policy: Policy
    rules: Rules
    applications: tuple[Application, ...]
    prior_awards: tuple[PriorAward, ...]
    prior_awards_given: bool
    columns: tuple[str, ...]
    problems: tuple[Problem, ...]
    files: tuple[tuple[str, str, bytes], ...]
    overrides: tuple[Override, ...] = ()
    spent: Spent = ()


def load_round(path: Path, policy: str | None = None) -> LoadedRound:
    """Load a round folder.

    Parameters
    ----------
    path : Path
        The folder.
    policy : str, optional
        A policy file or the name of a shipped policy, instead of the round's own.

    Returns
    -------
    LoadedRound
        With every problem of all files; among them may be errors.

    Raises
    ------
    AllocatorError
        The round or its policy cannot be read at all; with every problem found till then.
    """
    folder = _Folder(path)
    round_file = folder.attempt(folder.read_round)
    found = folder.attempt(lambda: folder.read_policy(round_file, policy))
    if round_file is None:
        raise AllocatorError(ordered(folder.problems))
    intake = folder.attempt(lambda: folder.read_applications(round_file.round))
    awards = folder.read_awards(round_file.round)
    changes = folder.attempt(folder.read_overrides)
    rules = folder.attempt(lambda: settle(found, round_file.round.decision_date)) if found else None
    if found is None or rules is None:
        raise AllocatorError(ordered(folder.problems))
    round_, rules = _agreed(round_file.round, rules)
    intake = intake or Intake((), (), ())
    own_groups = [each.id for each in rules.country_groups]
    folder.problems += policy_checks(round_, round_file.document, rules.region_scheme, own_groups)
    if awards is None and not folder.has("prior_awards"):
        folder.problems += without_awards(rules)
    if intake.columns:
        folder.add_absent(_unknown_columns(round_, rules, intake, folder.applications))
    if changes and not has_errors(folder.problems):
        ids = [each.application_id for each in intake.applications]
        changed = folder.attempt(partial(settled_overrides, changes, ids, round_, rules))
        if changed is not None:
            round_, rules = changed
    return LoadedRound(
        round=round_,
        policy=found,
        rules=rules,
        applications=intake.applications,
        prior_awards=awards or (),
        prior_awards_given=awards is not None,
        columns=intake.columns,
        problems=ordered(folder.problems),
        files=tuple(folder.files),
        overrides=changes.overrides if changes else (),
        spent=changes.spent if changes else (),
    )


def _agreed(round_: Round, rules: Rules) -> tuple[Round, Rules]:
    """Let the round's region scheme and seed prevail, and name its regions as the scheme does."""
    scheme = round_.region_scheme or rules.region_scheme
    if scheme not in countries.schemes():  # said by the checks of the round, or of the policy
        scheme = countries.BDT
    seed = round_.lottery_seed or rules.lottery_seed
    names = {fold(each): each for each in countries.region_names(scheme)}
    meetings = tuple(
        replace(each, region_scope=tuple(names.get(fold(r), r) for r in each.region_scope))
        for each in round_.meetings
    )
    round_ = replace(round_, region_scheme=scheme, lottery_seed=seed, meetings=meetings)
    return round_, replace(rules, region_scheme=scheme, lottery_seed=seed)


class _Folder:
    """The files of a round; ``problems`` and ``files`` grow as they are read."""

    def __init__(self, path: Path):
        if not path.is_dir():
            raise AllocatorError(problem("round-no-folder", value=path.name))
        self.path = path.resolve()
        self.problems: list[Problem] = []
        self.files: list[tuple[str, str, bytes]] = []
        self.applications = ""

    def attempt[T](self, read: Callable[[], T]) -> T | None:
        """Read something; if it cannot be read, note the problems."""
        try:
            return read()
        except AllocatorError as error:
            self.problems += error.problems
            return None

    def read_round(self) -> RoundFile:
        if not (self.path / ROUND).is_file():
            raise AllocatorError(problem("round-no-file", Where(file=ROUND), value=ROUND))
        found = read_round(self._bytes(ROUND), ROUND)
        self.problems += found.problems
        return found

    def read_policy(self, round_file: RoundFile | None, named: str | None) -> Policy | None:
        """Read the policy named on the command line, else by the round, else ``policy.yaml``."""
        source = named if named is not None else self._own_policy(round_file)
        if source is None:
            return None
        data, name = policy_bytes(source)
        if named is None and isinstance(source, str) and name != f"{source}.yaml":
            # A file of that very name in the current directory is no part of the round.
            raise AllocatorError(problem("round-outside", Where(file=ROUND), value=source))
        policy, problems = check_policy(data, name)
        self._keep(name, data)
        self.problems += problems
        return None if has_errors(problems) else policy

    def _own_policy(self, round_file: RoundFile | None) -> Path | str | None:
        """Return the path of a policy in the folder, or the name of a shipped one."""
        written = round_file.round.policy_path if round_file else None
        if written is not None and round_file is not None:
            is_file = "/" in written or Path(written).suffix in (".yaml", ".yml")
            return (
                self._inside(written, round_file.document.where(("policy",)))
                if is_file
                else written
            )
        if (self.path / POLICY).is_file():
            return self._inside(POLICY, Where(file=POLICY))
        if round_file is not None:
            shipped = ", ".join(name for name, _ in shipped_policies())
            raise AllocatorError(problem("round-no-policy", Where(file=ROUND), shipped=shipped))
        return None

    def read_applications(self, round_: Round) -> Intake:
        name = self._table("applications")
        if name is None:
            where = Where(file="applications.csv")
            raise AllocatorError(problem("round-no-applications", where))
        self.applications = name
        intake = read_applications(self._bytes(name), name, round_)
        self.problems += intake.problems
        return intake

    def read_awards(self, round_: Round) -> tuple[PriorAward, ...] | None:
        """Read the awards of the past and the office's own; ``None`` where neither is readable."""
        prior = self.attempt(lambda: self._read_prior_awards(round_))
        office = self.attempt(lambda: self._read_office_awards(round_))
        if office is None:
            return prior
        awards, notes = merged_awards(prior or (), office)
        self.problems += notes
        return awards

    def _read_office_awards(self, round_: Round) -> tuple[PriorAward, ...] | None:
        if not self._has_exactly(OFFICE_AWARDS):
            return None
        data = self._bytes(OFFICE_AWARDS)
        awards, problems = read_prior_awards(data, OFFICE_AWARDS, round_.decision_date)
        self.problems += problems
        return awards

    def read_overrides(self) -> OverridesFile | None:
        if not self._has_exactly(OVERRIDES):
            return None
        return read_overrides(self._bytes(OVERRIDES))

    def _read_prior_awards(self, round_: Round) -> tuple[PriorAward, ...] | None:
        name = self._table("prior_awards")
        if name is None:
            return None
        awards, problems = read_prior_awards(self._bytes(name), name, round_.decision_date)
        self.problems += problems
        return awards

    def add_absent(self, absent: Iterable[Problem]) -> None:
        """Note columns that are missed, instead of merely not being there; none that is twice."""
        twice = {e.where.column for e in self.problems if e.code == "intake-column-twice"}
        missed = {e.where.column: e for e in absent if e.where.column not in twice}
        self.problems = [
            each
            for each in self.problems
            if each.code != "intake-column-absent" or each.where.column not in missed
        ]
        self.problems += missed.values()

    def has(self, stem: str) -> bool:
        """Tell whether there is a table with this stem, readable or not."""
        return any((self.path / f"{stem}{ending}").exists() for ending in TABLES)

    def _has_exactly(self, name: str) -> bool:
        """Tell whether there is this file; one that differs in its ending only is no such file.

        To leave it unread would decide the round without what somebody wrote down.
        """
        stem = Path(name).stem
        if (self.path / name).exists():
            return True
        for each in sorted(self.path.iterdir()):
            if each.stem.casefold() == stem:
                where = Where(file=each.name)
                raise AllocatorError(problem("round-misnamed", where, value=each.name, name=name))
        return False

    def _table(self, stem: str) -> str | None:
        """Return the name of the one file with this stem, ``None`` if there is none."""
        names = [f"{stem}{ending}" for ending in TABLES if (self.path / f"{stem}{ending}").exists()]
        if len(names) > 1:
            where = Where(file=names[0])
            raise AllocatorError(problem("round-two-files", where, value=", ".join(names)))
        return names[0] if names else None

    def _inside(self, name: str, where: Where) -> Path:
        """Return the path of a file of this folder; a link or ``..`` must not lead out of it."""
        path = (self.path / name).resolve()
        if not path.is_relative_to(self.path):
            raise AllocatorError(problem("round-outside", where, value=name))
        if not path.is_file():
            raise AllocatorError(problem("round-file-missing", where, value=name))
        return path

    def _bytes(self, name: str) -> bytes:
        path = self._inside(name, Where(file=name))
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            where = Where(file=name)
            raise AllocatorError(problem("round-unreadable", where, reason=reason)) from None
        self._keep(name, data)
        return data

    def _keep(self, name: str, data: bytes) -> None:
        self.files.append((name, hashlib.sha256(data).hexdigest(), data))


def without_awards(rules: Rules) -> Iterator[Problem]:
    """Yield a note where a rule looks at past awards and there is no file of them."""
    if rules.person_year or any(each.kind == "prior_awards" for each in rules.criteria):
        where = Where(file="prior_awards.csv")
        yield problem("round-no-prior-awards", where, severity=Severity.NOTE)


# --- columns that a policy looks at and of which nothing is known --------------------------------


_ALWAYS_KNOWN = frozenset(BUILT_IN) - {"gender"}
"""What is known of every application, or follows from what is."""

_NAMES = ("family_name", "given_name")
"""Columns that must decide nothing."""


def _unknown_columns(round_: Round, rules: Rules, intake: Intake, file: str) -> Iterator[Problem]:
    present = {attribute_name(each) for each in intake.columns}
    headers = [each for each in intake.columns if each not in APPLICATIONS.names]
    facts = Facts(round_, intake.applications)
    used = [*_grouped_by(round_, rules)]
    said: set[str] = set()
    for column, user in (*used, *_judged_by(rules)):
        if APPLICATIONS.known(column) in _NAMES:
            yield problem("round-decided-by-name", Where(file=file, column=column), user=user)
            continue
        name = attribute_name(column)
        if name in _ALWAYS_KNOWN or name in said:
            continue
        said.add(name)
        extra = name not in present and name not in APPLICATIONS.names and headers
        if name not in present or _blank(facts, intake.applications, column):
            # That nobody has what gives points is common; that nobody is in a group is not.
            common = name in present and (column, user) not in used
            yield problem(
                f"round-column-{'blank' if name in present else 'absent'}",
                Where(file=file, column=column),
                severity=Severity.NOTE if common else Severity.WARNING,
                value=column,
                user=user,
                hint=suggestion(column, headers) if extra else "",
            )
    yield from _partial_unknown(rules, intake, file)


def _blank(facts: Facts, applications: tuple[Application, ...], column: str) -> bool:
    return bool(applications) and all(facts.text(each, column) is None for each in applications)


def _partial_unknown(rules: Rules, intake: Intake, file: str) -> Iterator[Problem]:
    """Yield a warning where the policy alone says whether partial awards would be accepted."""
    full = [each for each in intake.applications if each.requested is Package.FULL]
    if full and all(each.accepts_partial is None for each in full):
        answer = "yes" if rules.partial_if_not_known else "no"
        yield problem(
            "round-partial-unknown",
            Where(file=file, column="accepts_partial"),
            severity=Severity.WARNING,
            value="accepts_partial",
            assumed=say(f"round-partial.{answer}"),
        )


def _grouped_by(round_: Round, rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield every column that a fund, bound or balance factor looks at, and which of them."""
    for name, selector in selectors(round_, rules):
        for attribute, _ in selector.conditions:
            yield attribute, name
    for factor in rules.balance:
        for attribute in (factor.known_by, factor.each):
            if attribute:
                yield attribute, factor.title


def _judged_by(rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield every column that a gate or a criterion looks at, and which of them."""
    for rule in all_rules(rules.eligibility):
        if rule.kind == "deadline":
            yield "received", rule.title
        elif rule.column:
            yield rule.column, rule.title
    for criterion in rules.criteria:
        if criterion.column:
            yield criterion.column, criterion.title
        if criterion.until and criterion.until not in ("decision_date", "deadline", "starts"):
            yield criterion.until, criterion.title


def all_rules(rules: tuple[EligibilityRule, ...]) -> Iterator[EligibilityRule]:
    """Yield every rule, and after it the alternatives it is made of."""
    for rule in rules:
        yield rule
        yield from all_rules(rule.rules)


def selectors(round_: Round, rules: Rules) -> Iterator[tuple[str, Selector]]:
    """Yield every group that the round's funds and the policy name, with what names it."""
    for fund in round_.funds:
        yield fund.title, fund.only
    for bound in (*rules.floors, *rules.caps):
        yield bound.title or bound.id, bound.group
        yield bound.title or bound.id, bound.of
    for factor in rules.balance:
        yield factor.title, factor.group
