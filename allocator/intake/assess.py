"""A loaded round becomes its pool: who is eligible, with what merit and costs, and who is not.

What many applications share (an administration, a meeting, a rate) is worked out once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from allocator import countries
from allocator.countries import Unsettled, name_in_sentence
from allocator.errors import Problem, Where, ordered, problem
from allocator.intake.costs import Coster, NoCost, accepted
from allocator.intake.eligibility import judge
from allocator.intake.facts import Facts
from allocator.intake.floors import empty_floors
from allocator.intake.folder import LoadedRound, all_rules, selectors
from allocator.intake.groups import Describer, matches, values_of
from allocator.intake.merit import History, Scorer
from allocator.intake.overrides import refused_overrides
from allocator.intake.past import awarded_already, odd_awards
from allocator.intake.standing import Standing
from allocator.intake.values import fold
from allocator.model import Application, Candidate, Finding, Ineligible, Pool, Round, Severity
from allocator.policy_terms import group_text
from allocator.rules import Rules, UnitLimit
from allocator.texts import say

MOST_ROWS_NAMED = 8
"""So many rows are named in a problem that concerns many."""

_USUAL_UNITS = UnitLimit(full=2, ticket=1, dsa=1, at_most=2, reference=None)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The pool, and what was noticed on the way; with an error among the problems, a part of it."""

    pool: Pool
    problems: tuple[Problem, ...]


def assess(loaded: LoadedRound) -> Assessment:
    """Judge, score and cost every application of a round.

    Parameters
    ----------
    loaded : LoadedRound
        A round without errors; ``rules`` may be replaced by another policy's.

    Returns
    -------
    Assessment
        The order of rows and columns in the file does not matter to it.
    """
    assessor = _Assessor(loaded)
    candidates: list[Candidate] = []
    ineligible: list[Ineligible] = []
    for application in sorted(loaded.applications, key=lambda each: each.application_id):
        outcome = assessor.outcome(application)
        if isinstance(outcome, Candidate):
            candidates.append(outcome)
        elif outcome is not None:
            ineligible.append(outcome)
    pool = Pool(tuple(candidates), tuple(ineligible))
    refused = refused_overrides(loaded.overrides, pool)
    noticed = (*assessor.problems(), *odd_awards(loaded), *empty_floors(loaded, pool), *refused)
    return Assessment(pool, ordered(noticed))


def problems_of(loaded: LoadedRound) -> tuple[Problem, ...]:
    """Return what was noticed when a round was loaded, and which other rows cannot be costed.

    A round with errors is not assessed; where these are all in rows of the applications file, the
    rest of it can be costed, so that nobody mends the one error only to be told of the other.
    """
    wrong = [each for each in loaded.problems if each.severity is Severity.ERROR]
    if not wrong or not all(each.where.row and _of_applications(each) for each in wrong):
        return loaded.problems
    costs = [each for each in assess(loaded).problems if each.code.startswith("cost-")]
    return ordered((*loaded.problems, *costs))


def _of_applications(one: Problem) -> bool:
    return one.where.file.startswith("applications.")


class _Assessor:
    def __init__(self, loaded: LoadedRound):
        round_, rules = loaded.round, loaded.rules
        self.file = next((n for n, _, _ in loaded.files if n.startswith("applications")), "")
        self.rules = rules
        self.describer = Describer(round_, rules)
        self.facts = Facts(round_, loaded.applications)
        awards = loaded.prior_awards if loaded.prior_awards_given else None
        self.scorer = Scorer(rules, self.facts, History(awards, round_.decision_date))
        self.coster = Coster(round_)
        self.selectors = tuple({s: None for _, s in selectors(round_, rules) if s.conditions})
        self.each = sorted({each.each for each in rules.balance if each.each})
        self.groups = _groups_looked_at(round_, rules)
        self._looked_at: dict[str, tuple[tuple[Unsettled, Standing], ...]] = {}
        self.used = used_half_units(loaded)
        self.uncosted: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
        self.estimated: list[int] = []
        self.awarded = awarded_already(loaded)
        self.open: dict[str, list[int]] = {}

    def outcome(self, application: Application) -> Candidate | Ineligible | None:
        """Return the candidate, or why it is none; ``None`` where it could not be costed."""
        standing = self.describer.standings.of(application.administration)
        attributes = self.describer.attributes(application, standing)
        findings = judge(application, self.rules.eligibility, standing, self.facts)
        if findings:
            unsettled = self.unsettled(application, standing, findings)
            return Ineligible(application, findings, attributes, unsettled)
        packages = accepted(application, self.rules.partial_if_not_known)
        try:
            costs = self.coster.cost(application, packages)
        except NoCost as error:
            key = (error.code, tuple(sorted(error.about.items())))
            self.uncosted.setdefault(key, []).append(application.row)
            return None
        if any(each.estimated for each in costs) and application.ticket_cost is None:
            self.estimated.append(application.row)
        merit, breakdown = self.scorer.score(application, standing)
        return Candidate(
            application=application,
            merit=merit,
            breakdown=breakdown,
            costs=costs,
            attributes=attributes,
            used_half_units=self.used.get(application.person_id, 0),
            unsettled=self.unsettled(application, standing, findings),
        )

    def unsettled(
        self, application: Application, standing: Standing, findings: tuple[Finding, ...]
    ) -> tuple[str, ...]:
        """Return the facts under decision on which the outcome may turn.

        Decided otherwise, they would change whether the application is eligible, its points, or to
        what group of a rule, floor, cap, factor or fund it belongs.
        """
        texts = []
        for doubt, other in self._doubts(application.administration):
            if self._differs(application, standing, other, findings):
                self.open.setdefault(doubt.group, []).append(application.row)
                group, name = group_text(doubt.group), name_in_sentence(application.administration)
                texts.append(say("assess.unsettled", group=group, name=name, note=doubt.note))
        return tuple(texts)

    def _doubts(self, administration: str) -> tuple[tuple[Unsettled, Standing], ...]:
        """Return the facts under decision that anything of this round looks at."""
        if administration not in self._looked_at:
            standings = self.describer.standings
            now = standings.of(administration).groups
            self._looked_at[administration] = tuple(
                (doubt, other)
                for doubt, other in standings.otherwise(administration)
                if any(now.get(name) != other.groups.get(name) for name in self.groups)
            )
        return self._looked_at[administration]

    def _differs(
        self,
        application: Application,
        standing: Standing,
        other: Standing,
        findings: tuple[Finding, ...],
    ) -> bool:
        rules = self.rules.eligibility
        still = judge(application, rules, other, self.facts)
        if findings or still:
            return bool(findings) != bool(still)
        now, then = (self.scorer.score(application, each)[0] for each in (standing, other))
        if now != then:
            return True
        before = self.describer.attributes(application, standing)
        after = self.describer.attributes(application, other)
        return any(matches(each, before) != matches(each, after) for each in self.selectors) or any(
            values_of(before, each) != values_of(after, each) for each in self.each
        )

    def problems(self) -> Iterator[Problem]:
        """Yield what was noticed, one problem per cause with the rows it concerns."""
        for (code, about), rows in self.uncosted.items():
            yield self._problem(code, rows, Severity.ERROR, **dict(about))
        for (column, kind), rows in self.facts.unreadable.items():
            yield self._problem(
                "assess-unreadable",
                rows,
                Severity.WARNING,
                column=column,
                expected=say(f"assess.expected.{kind}"),
            )
        for (criterion, column), rows in self.scorer.unmatched.items():
            yield self._problem(
                "assess-unmatched", rows, Severity.NOTE, column=column, criterion=criterion
            )
        for group, rows in self.open.items():
            yield self._problem("assess-open", rows, Severity.WARNING, group=group_text(group))
        if self.estimated:
            yield self._problem("assess-estimated", self.estimated, Severity.NOTE)
        if self.awarded:
            yield self._problem("past-same-meeting", self.awarded, Severity.WARNING)

    def _problem(
        self, code: str, rows: Sequence[int], severity: Severity, column: str = "", **about: str
    ) -> Problem:
        once = sorted(set(rows))
        where = Where(file=self.file, row=once[0], column=column)
        return problem(
            code,
            where,
            severity=severity,
            value=" ".join(
                about[name] for name in ("currency", "meeting", "group") if name in about
            ),
            rows=rows_text(once),
            count=len(once),
            column=column,
            **about,
        )


def _groups_looked_at(round_: Round, rules: Rules) -> tuple[str, ...]:
    """Return the folded names of the groups and regions on which anything may turn."""
    names = [name for rule in all_rules(rules.eligibility) for name in rule.groups]
    names += [name for meeting in round_.meetings for name in meeting.region_scope]
    names += [name for criterion in rules.criteria for name, _ in criterion.points]
    for _, selector in selectors(round_, rules):
        names += [name for _, values in selector.conditions for name in values]
    if any(factor.each in ("country_group", "region") for factor in rules.balance):
        names += countries.GROUPS + countries.region_names(rules.region_scheme)
        names += [group.id for group in rules.country_groups]
    return tuple(sorted({fold(name) for name in names}))


def rows_text(rows: Sequence[int]) -> str:
    """Return the rows that a problem names: all if they are few."""
    named = ", ".join(str(row) for row in rows[:MOST_ROWS_NAMED])
    if len(rows) == 1:
        return say("assess.row", row=named)
    if len(rows) <= MOST_ROWS_NAMED:
        return say("assess.rows", rows=named)
    return say("assess.more", rows=named, rest=len(rows) - MOST_ROWS_NAMED)


def used_half_units(loaded: LoadedRound) -> dict[str, int]:
    """Return what each person already used of the round's financial year."""
    units = loaded.rules.person_year or _USUAL_UNITS
    used: dict[str, int] = {}
    for award in loaded.prior_awards:
        if award.person_id and fold(award.financial_year) == fold(loaded.round.financial_year):
            used[award.person_id] = used.get(award.person_id, 0) + units.units(award.package)
    return used
