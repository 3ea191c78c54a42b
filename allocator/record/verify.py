"""A record becomes a report: every check on a line, from the input files to the lottery's draws.

It makes the checks of ``verify_record.py``, which are the same modules, and those that need this
package: the inputs are read again, judged, scored and costed, and what they give must be what the
record says. No solver is imported here, not even by way of another module.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from allocator import __version__
from allocator.errors import AllocatorError, Problem, has_errors, ordered
from allocator.explain.decisions import decision_lines
from allocator.explain.obstacles import obstacles
from allocator.explain.promises import promises_of
from allocator.explain.swaps import improvable, swaps
from allocator.intake.assess import Assessment, assess
from allocator.intake.folder import LoadedRound, load_round
from allocator.model import Award, Package, Pool
from allocator.optimise.allocation import Allocation, Draw, Status
from allocator.optimise.programme import Programme, build
from allocator.record.canonical import Plain, canonical, to_plain, written
from allocator.record.check_all import (
    FROM_INPUTS,
    Given,
    look_at_edition,
    look_at_file,
    look_at_origin,
    look_within,
    of_redacted,
    open_points,
)
from allocator.record.check_book import number
from allocator.record.check_container import REDACTED, Opened
from allocator.record.check_effects import EFFECTS, MOST_SWAPS
from allocator.record.check_explanations import EXPLANATIONS
from allocator.record.check_report import (
    FAIL,
    UNCHECKED,
    Check,
    Refused,
    Report,
    carried_out,
    demand_none,
    safe,
    same,
)
from allocator.record.parts import (
    ROLES,
    attributes_meant,
    differing,
    inputs_of,
    reference_tables,
    understood,
)
from allocator.record.record import standalone
from allocator.tables import tables
from allocator.texts import say


def verify(
    path: Path,
    *,
    previous: Path | None = None,
    public_key: bytes | None = None,
    timestamp_ca: Path | None = None,
) -> Report:
    """Verify a record.

    Parameters
    ----------
    path : Path
        The record.
    previous : Path, optional
        The previous record of the same round.
    public_key : bytes, optional
        The Ed25519 key one trusts, 32 bytes (``check_signature.read_key`` reads a file).
    timestamp_ca : Path, optional
        The certificates of the time-stamping authority, in PEM form.

    Returns
    -------
    Report
        Whatever the bytes are: a file that is no record fails the first check.
    """
    given = Given(previous.read_bytes() if previous else None, public_key, timestamp_ca)
    return verify_bytes(path.read_bytes(), given)


def verify_bytes(data: bytes, given: Given | None = None) -> Report:
    """Verify a record given as bytes, as ``verify`` does."""
    given = given or Given()
    record, form = look_at_file(data)
    checks = [form]
    if record is not None:
        checks += look_at_origin(record, given)
        checks += of_redacted(record, (*_from_the_inputs(record), *look_within(record)))
    return Report(tuple(checks), open_points(record, given, checks))


def _from_the_inputs(record: Opened) -> Iterator[Check]:
    """Yield what reading the inputs again shows, with this version's tables."""
    again = _Again(record)
    edition = carried_out("edition", lambda: look_at_edition(record, __version__, standalone()))
    looks: tuple[Callable[[], str], ...] = (
        again.look_at_inputs,
        again.look_at_policy,
        again.look_at_eligibility,
        again.look_at_merit,
        again.look_at_costs,
    )
    found = [carried_out(name, look) for name, look in zip(FROM_INPUTS, looks, strict=True)]
    found.insert(0, carried_out("tables", again.look_at_tables))
    found.append(carried_out("reasons", again.look_at_reasons))
    found.append(carried_out("policy-promises", again.look_at_policy_promises))
    if edition.status == UNCHECKED:
        found = [_of_another_version(each) for each in found]
    yield edition
    yield from found


def _of_another_version(check: Check) -> Check:
    """Return a check of a record that another version made: what differs may be that version's."""
    if check.status != FAIL:
        return check
    figure = say("verify.edition.maybe", figure=check.figure)
    return replace(check, status=UNCHECKED, figure=figure)


@dataclass
class _Again:
    """The round read and judged once more from the record's input files."""

    record: Opened
    loaded: LoadedRound | None = None
    assessment: Assessment | None = None
    judged: dict[str, Any] = field(default_factory=dict)
    plain: Plain = None
    built: Programme | None = None

    def look_at_inputs(self) -> str:
        """Read the files again; applications, round and past awards must be those recorded."""
        self.loaded = self._load()
        written = {
            "applications.json": understood(self.loaded),
            "inputs.json": [each for each, _ in inputs_of(self.loaded)],
            "round.json": self.loaded.round,
        }
        demand_none(
            say("verify.inputs.other", member=name)
            for name, value in written.items()
            if canonical(value) != self.record.members[name]
        )
        meant = attributes_meant(self.loaded.round, self.loaded.rules)
        if not same(meant, self.record.plain("attributes.json")):
            raise Refused(say("verify.assess.attributes"))
        return say(
            "verify.inputs.figure",
            files=len(self.loaded.files),
            applications=len(self.loaded.applications),
            awards=len(self.loaded.prior_awards),
        )

    def _load(self) -> LoadedRound:
        told = {each["role"]: each for each in self.record.plain("inputs.json")}
        if len(told) != len(self.record.plain("inputs.json")) or not {*ROLES[:3]} <= {*told}:
            raise Refused(say("verify.inputs.roles"))
        with tempfile.TemporaryDirectory() as folder:
            round_folder, policy_folder = Path(folder, "round"), Path(folder, "policy")
            for role, each in told.items():
                place = policy_folder if role == "policy" else round_folder
                place.mkdir(exist_ok=True)
                file = place / Path(each["name"]).name
                file.write_bytes(self.record.members[each["member"]])
            policy = policy_folder / Path(told["policy"]["name"]).name
            try:
                loaded = load_round(round_folder, str(policy))
            except AllocatorError as error:
                raise Refused(_first_problem("inputs.refused", error.problems)) from None
        if has_errors(loaded.problems):
            raise Refused(_first_problem("inputs.refused", loaded.problems))
        return loaded

    def _known(self) -> LoadedRound:
        if self.loaded is None:
            raise Refused(say("verify.assess.none"))
        return self.loaded

    def look_at_policy(self) -> str:
        """Settle the policy again on the day of decision."""
        rules = self._known().rules
        if canonical(rules) != self.record.members["rules.json"]:
            raise Refused(say("verify.policy.other", day=rules.on))
        return say("verify.policy.figure", title=rules.title, version=rules.version, day=rules.on)

    def pool(self) -> Pool:
        """Return the pool that the inputs give."""
        loaded = self._known()
        if self.assessment is None:
            self.assessment = assess(loaded)
            if has_errors(self.assessment.problems):
                raise Refused(_first_problem("assess.problem", self.assessment.problems))
            self.plain = to_plain(self.assessment.pool)
            self.judged = _plain_pool(self.plain)
        return self.assessment.pool

    def programme(self) -> Programme:
        """Return the programme that the inputs give."""
        if self.built is None:
            loaded = self._known()
            self.built = build(self.pool(), loaded.round, loaded.rules)
        return self.built

    def look_at_eligibility(self) -> str:
        """Judge everyone again: eligible or not, with reasons and groups."""
        pool = self.pool()
        self._demand_same("eligibility", ("application", "findings", "attributes", "unsettled"))
        assert self.assessment is not None
        problems = ordered((*self._known().problems, *self.assessment.problems))
        if not same(to_plain(problems), self.record.plain("result.json")["problems"]):
            raise Refused(say("verify.assess.problems"))
        counts = {"eligible": len(pool.candidates), "ineligible": len(pool.ineligible)}
        return say("verify.eligibility.figure", **counts)

    def look_at_merit(self) -> str:
        """Score everyone again, line by line."""
        candidates = self.pool().candidates
        self._demand_same("merit", ("merit", "breakdown"))
        lines = sum(len(each.breakdown) for each in candidates)
        return say("verify.merit.figure", count=len(candidates), lines=lines)

    def look_at_costs(self) -> str:
        """Cost every package again; then the pool is the same to the last byte."""
        pool = self.pool()
        self._demand_same("costs", ("costs", "used_half_units"))
        if written(self.plain) != self.record.members["pool.json"]:
            raise Refused(say("verify.inputs.other", member="pool.json"))
        if canonical(self.programme()) != self.record.members["programme.json"]:
            raise Refused(say("verify.programme.package"))
        return say("verify.costs.figure", count=sum(len(each.costs) for each in pool.candidates))

    def _demand_same(self, part: str, names: tuple[str, ...]) -> None:
        """Refuse applications of which these fields are not what the inputs give."""
        self.pool()
        theirs = _plain_pool(self.record.plain("pool.json"))
        ids = sorted({*theirs, *self.judged})
        demand_none(
            say(f"verify.{part}.other", application=safe(application))
            for application in ids
            if _fields(theirs, application, names) != _fields(self.judged, application, names)
        )

    def look_at_reasons(self) -> str:
        """Find every reason again from the awards; the margins are taken as recorded."""
        pool, loaded = self.pool(), self._known()
        result = self.record.plain("result.json")
        programme = self.programme()
        withheld = REDACTED in self.record.members
        if withheld and canonical(programme) != self.record.members["programme.json"]:
            raise Refused(say("verify.programme.package"))
        allocation = allocation_of(result)
        lines = decision_lines(
            loaded.round,
            pool,
            programme,
            allocation,
            {each["application_id"]: each["margin"] for each in result["decisions"]},
            self._never(),
        )
        mine, theirs = [to_plain(each) for each in lines], result["decisions"]
        if len(mine) != len(theirs):
            raise Refused(say("verify.decisions.ids"))
        demand_none(
            say("verify.reasons.other", application=lines[place].application_id)
            for place in differing(mine, theirs)
        )
        if EXPLANATIONS in self.record.members:
            self._look_at_obstacles(programme, allocation)
        if EFFECTS in self.record.members:
            self._look_at_swaps(programme, allocation)
            self._look_at_factors(pool, loaded)
        return say("verify.reasons.figure", count=len(lines))

    def _never(self) -> frozenset[str]:
        """Return the applications of which the record says that no merit would have helped."""
        known = self.record.plain(EXPLANATIONS) if EXPLANATIONS in self.record.members else []
        return frozenset(
            each["application_id"]
            for each in known
            if (margin := each["margin"]) and margin["exact"] and margin["points"] is None
        )

    def _look_at_obstacles(self, programme: Programme, allocation: Allocation) -> None:
        hindered = obstacles(programme, allocation.values)
        demand_none(
            say("verify.reasons.obstacles", application=safe(each["application_id"]))
            for each in self.record.plain(EXPLANATIONS)
            if not same(to_plain(hindered.get(each["application_id"], ())), each["obstacles"])
        )

    def _look_at_swaps(self, programme: Programme, allocation: Allocation) -> None:
        found = swaps(programme, allocation.values)
        effects = self.record.plain(EFFECTS)
        told = [effects["swaps"], number(effects["swaps_count"])]
        if not same(told, [to_plain(found[:MOST_SWAPS]), len(found)]):
            raise Refused(say("verify.reasons.swaps"))

    def _look_at_factors(self, pool: Pool, loaded: LoadedRound) -> None:
        """Refuse an allocation without a factor that a single change would make better."""
        for effect in self.record.plain(EFFECTS)["factors"]:
            light = tuple(
                replace(each, weight=0) if each.id == effect["factor"] else each
                for each in loaded.rules.balance
            )
            programme = build(pool, loaded.round, replace(loaded.rules, balance=light))
            if improvable(programme, [_award(each) for each in effect["awards"]]):
                raise Refused(say("verify.reasons.factor", factor=safe(effect["factor"])))

    def look_at_policy_promises(self) -> str:
        """Compute again which of the method's promises the policy keeps in this round."""
        promises = promises_of(self._known().rules, self.pool())
        if not same(to_plain(promises), self.record.plain("result.json")["promises"]):
            raise Refused(say("verify.policy-promises.other"))
        holding = sum(each.holds for each in promises)
        return say("verify.policy-promises.figure", holding=holding, all=len(promises))

    def look_at_tables(self) -> str:
        """Compare the reference tables with those of this version."""
        recorded = self.record.plain("tables.json")
        theirs = {each["name"]: each["sha256"] for each in recorded["tables"]}
        mine = {each.name: each.sha256 for each in tables()}
        if theirs != mine:
            names = sorted(n for n in {*theirs, *mine} if theirs.get(n) != mine.get(n))
            version = safe(str(self.record.plain("versions.json")["allocator"]))
            shown = safe(", ".join(names))
            raise Refused(say("verify.tables.other", names=shown, version=version))
        loaded = self._known()
        expected = reference_tables(loaded.round, loaded.applications)
        if canonical(expected) != self.record.members["tables.json"]:
            raise Refused(say("verify.tables.rows"))
        return say("verify.tables.figure", count=len(mine))


def allocation_of(result: dict[str, Any]) -> Allocation:
    """Return the allocation that ``result.json`` tells of."""
    return Allocation(
        status=Status(result["status"]),
        values=tuple(number(each) for each in result["values"]),
        awards=tuple(_award(each) for each in result["awards"]),
        objective=number(result["objective"]),
        bound=number(result["bound"]),
        draws=tuple(_draw(each) for each in result["draws"]),
    )


def _award(each: dict[str, Any]) -> Award:
    shares = tuple((fund, number(part)) for fund, part in each["shares"])
    return Award(each["application_id"], Package(each["package"]), number(each["amount"]), shares)


def _draw(each: dict[str, Any]) -> Draw:
    package = None if each["package"] is None else Package(each["package"])
    return Draw(each["position"], each["application_id"], each["key"], package)


def _plain_pool(pool: Any) -> dict[str, Any]:
    judged = [*pool["candidates"], *pool["ineligible"]]
    return {each["application"]["application_id"]: each for each in judged}


def _fields(pool: dict[str, Any], application: str, names: tuple[str, ...]) -> list[Any]:
    about = pool.get(application, {})
    return [about.get(name) for name in names]


def _first_problem(key: str, problems: tuple[Problem, ...]) -> str:
    return say(f"verify.{key}", problem=ordered(problems)[0])
