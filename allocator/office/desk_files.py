"""The files of a round as the store keeps them, and the round that they make.

A snapshot never changes: an import makes a new one from the files that came and those that stay.
The policy is kept apart from the other files, since every version of it is kept by number.
"""

import csv
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from allocator.errors import AllocatorError, Problem, has_errors, ordered, problem
from allocator.intake.assess import Assessment, assess, problems_of
from allocator.intake.columns import APPLICATIONS, PRIOR_AWARDS, Vocabulary
from allocator.intake.folder import LoadedRound, load_round
from allocator.intake.folding import plain
from allocator.intake.reading import open_table
from allocator.intake.round_file import read_round
from allocator.intake.tables import Table, read_table
from allocator.model import Pool, Round
from allocator.office.desk_words import number_of
from allocator.office.memory import MEMORY
from allocator.office.store import Reader, Unit, subject_of
from allocator.office.store_rows import (
    NoteRow,
    OutcomeRow,
    OverrideRow,
    PaymentRow,
    PolicyRow,
    RoundRow,
    SnapshotRow,
)
from allocator.office.views import ChangeView, CheckView, IneligibleView
from allocator.policy import check_policy, policy_bytes

POLICY = "policy"
ENDINGS = {
    "round": (".yaml", ".yml"),
    POLICY: (".yaml", ".yml"),
    "applications": (".csv", ".xlsx"),
    "prior_awards": (".csv", ".xlsx"),
}
"""The files that can be imported, by their part in the round, and how their names may end."""

_TABLES = {"applications": APPLICATIONS, "prior_awards": PRIOR_AWARDS}

PERSONAL = frozenset(_TABLES)
"""Files with personal data: their hashes are salted, so that nobody can guess what was erased."""


@dataclass(frozen=True, slots=True)
class Files:
    """Bytes by part in the round, with the name each came under."""

    names: Mapping[str, str]
    contents: Mapping[str, bytes]


def sorted_out(files: Mapping[str, bytes]) -> dict[str, tuple[str, bytes]]:
    """Return files by their part in the round, which their names tell.

    Raises
    ------
    AllocatorError
        ``office-file-unknown`` for any other name, ``round-two-files`` for two of a kind.
    """
    found: dict[str, tuple[str, bytes]] = {}
    for name, content in sorted(files.items()):
        path = PurePath(name.lower())
        role = path.stem
        if path.suffix not in ENDINGS.get(role, ()):
            raise AllocatorError(problem("office-file-unknown", value=PurePath(name).name))
        if role in found:
            raise AllocatorError(problem("round-two-files", value=", ".join(sorted(files))))
        ending = ".yaml" if path.suffix == ".yml" else path.suffix
        found[role] = (f"{role}{ending}", content)
    return found


def demand_readable(found: Mapping[str, tuple[str, bytes]]) -> None:
    """Refuse files of which nothing can be read, before they take the place of good ones.

    Raises
    ------
    AllocatorError
        What is wrong with each. A table whose rows have problems, or that has none, is not refused.
    """
    wrong = [
        each
        for role, vocabulary in _TABLES.items()
        if role in found
        for each in _unreadable(*found[role], vocabulary)
    ]
    if wrong:
        raise AllocatorError(ordered(wrong))


def _unreadable(name: str, content: bytes, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    try:
        read_table(content, name, vocabulary)
    except AllocatorError as error:
        return tuple(each for each in error.problems if each.code != "intake-no-rows")
    return ()


def files_of(reader: Reader, round_: RoundRow, snapshot: SnapshotRow | None) -> Files:
    """Return the files of a round, the policy among them, as far as there are any.

    Raises
    ------
    AllocatorError
        ``office-no-files`` where the bytes were erased.
    """
    names: dict[str, str] = {}
    contents: dict[str, bytes] = {}
    for each in snapshot.files if snapshot else ():
        names[each["role"]] = each["name"]
        contents[each["role"]] = _bytes_of(reader, each["blob"], each["name"])
    if round_.policy is not None:
        policy = reader.get(PolicyRow, round_.policy)
        assert policy is not None
        names[POLICY], contents[POLICY] = "policy.yaml", _bytes_of(reader, policy.blob, POLICY)
    return Files(names, contents)


def _bytes_of(reader: Reader, blob: str, name: str) -> bytes:
    content = newest_bytes(reader, blob)
    if content is None:
        raise AllocatorError(problem("office-no-files", value=name))
    return content


def newest_bytes(reader: Reader, blob: str | None) -> bytes | None:
    """Return exact bytes; where a person was erased from them, the copy without that person."""
    return None if blob is None else reader.blob(newest_copy(reader, blob))


def newest_copy(reader: Reader, blob: str) -> str:
    """Return the hash of the bytes that took the place of others, or of those themselves."""
    replaced = reader.replacements()
    while blob in replaced:
        blob = replaced[blob]
    return blob


def hashes_of(
    reader: Reader, round_: RoundRow, snapshot: SnapshotRow | None
) -> tuple[tuple[str, str], ...]:
    """Return by what to tell whether the files of a round are the same: names and hashes."""
    found = [
        (str(each["name"]), newest_copy(reader, each["blob"]))
        for each in (snapshot.files if snapshot else ())
    ]
    policy = None if round_.policy is None else reader.get(PolicyRow, round_.policy)
    return (*found, (POLICY, policy.blob if policy else ""))


def load(files: Files) -> LoadedRound:
    """Load a round from its files.

    Raises
    ------
    AllocatorError
        As ``load_round``; ``office-no-files`` where round or policy is missing.
    """
    if "round" not in files.contents:
        raise AllocatorError(problem("office-no-files", value="round.yaml"))
    with tempfile.TemporaryDirectory() as place:
        folder, policy = Path(place, "round"), Path(place, POLICY)
        for each in (folder, policy):
            each.mkdir()
        for role, content in files.contents.items():
            (policy if role == POLICY else folder).joinpath(files.names[role]).write_bytes(content)
        named = str(policy / "policy.yaml") if POLICY in files.contents else None
        return load_round(folder, named)


def without_persons(files: Files) -> Files:
    """Return files without those that are about persons."""
    names = {role: name for role, name in files.names.items() if role not in PERSONAL}
    return Files(names, {role: files.contents[role] for role in names})


def own_policy(files: Mapping[str, tuple[str, bytes]]) -> bytes | None:
    """Return the policy that files bring: one of them, or the shipped one that the round names."""
    if POLICY in files:
        return files[POLICY][1]
    if "round" not in files:
        return None
    named = read_round(files["round"][1], "round.yaml").round.policy_path
    if named is None or "/" in named or named.endswith((".yaml", ".yml")):
        return None
    return policy_bytes(named)[0]


@dataclass(frozen=True, slots=True)
class Step:
    """An import that can be undone: its snapshot, and the policies it put and found by number."""

    snapshot: SnapshotRow
    policy: int | None = None
    policy_before: int | None = None


def steps_of(reader: Reader, round_id: str) -> list[Step]:
    """Return the imports that a round's files stand on, the first one first.

    What was undone is not among them: going back once more leads to what was before it.
    """
    snapshots = reader.find(SnapshotRow, round=round_id)
    made_by = {each.version: each for each in snapshots}
    by_id = {each.id: each for each in snapshots}
    steps: list[Step] = []
    policy: int | None = None
    for event in reader.events(subject=subject_of(RoundRow, round_id)):
        brought = event.payload.get("policy" if event.kind != "policy-set" else "number")
        if event.seq in made_by:
            steps.append(Step(made_by[event.seq], brought, policy))
        elif event.kind == "import-undone":
            while steps and steps[-1].snapshot.id != event.payload["snapshot"]:
                steps.pop()
            if not steps:  # an earlier version of the program went back to what had been undone
                steps = [Step(by_id[event.payload["snapshot"]])]
        if brought is not None:
            policy = brought
    return steps


def put_snapshot(
    unit: Unit,
    round_id: str,
    files: Files,
    kept: Iterable[dict[str, Any]],
    counts: dict[str, Any],
    by: str,
) -> SnapshotRow:
    """Keep files as the newest snapshot of a round; ``kept`` are entries of an earlier one."""
    entries = list(kept)
    for role, content in files.contents.items():
        blob = unit.put_blob(content, "import", personal=role in PERSONAL)
        entries.append({"role": role, "name": files.names[role], "blob": blob})
    order = list(ENDINGS)
    entries.sort(key=lambda each: order.index(each["role"]))
    return unit.insert(SnapshotRow, round=round_id, files=entries, counts=counts, by=by)


def policy_row(
    unit: Unit, content: bytes, reason: str | None, by: str, based_on: str | None = None
) -> tuple[PolicyRow, bool]:
    """Return the version of a policy with these bytes, and whether it was made now.

    Raises
    ------
    AllocatorError
        Everything that is wrong with the policy.
    """
    policy, problems = check_policy(content, "policy.yaml")
    if policy is None or has_errors(problems):
        raise AllocatorError(ordered(problems))
    blob = unit.put_blob(content, POLICY)
    known = unit.find(PolicyRow, blob=blob)
    if known:
        return known[0], False
    number = 1 + max((each.number for each in unit.find(PolicyRow)), default=0)
    kept = unit.keep("reason", reason).token if reason else None
    base = number_of(based_on) if based_on else None
    if base is not None and unit.get(PolicyRow, base) is None:
        raise AllocatorError(problem("office-no-policy", value=str(base)))
    values = {"number": number, "title": policy.title, "blob": blob, "reason_kept": kept}
    return unit.insert(PolicyRow, **values, based_on=base, by=by), True


def counts_of(files: Files) -> dict[str, Any]:
    """Return what a round's files come to, as far as they can be read: for the list of rounds."""
    counts: dict[str, Any] = {"applications": 0, "asked": None}
    try:
        counts |= _facts(read_round(files.contents["round"], "round.yaml").round)
        loaded = load(files)
        counts["applications"] = len(loaded.applications)
        if not has_errors(loaded.problems):
            counts["asked"] = asked(assess(loaded).pool)
    except (AllocatorError, KeyError):  # said by the check, or there is no round.yaml yet
        pass
    return counts


def _facts(round_: Round) -> dict[str, Any]:
    budgets = [each.budget for each in round_.meetings if each.budget is not None]
    whole = len(budgets) == len(round_.meetings)
    deadlines = [each.deadline.isoformat() for each in round_.meetings if each.deadline]
    return {
        "title": round_.title,
        "currency": round_.currency,
        "meetings": len(round_.meetings),
        "deadline": min(deadlines, default=None),
        "available": (
            sum(each.amount for each in round_.funds)
            if round_.funds
            else sum(budgets)
            if whole
            else None
        ),
    }


def asked(pool: Pool) -> int:
    """Return what all eligible requests would cost as requested, in minor units."""
    return sum(
        next((c.amount for c in each.costs if c.package is each.application.requested), 0)
        for each in pool.candidates
    )


# --- what a check and an import show ------------------------------------------------------------


def check(loaded: LoadedRound, judge: Callable[[LoadedRound], Assessment] = assess) -> CheckView:
    """Judge every application of a round without errors, and say what was found.

    Parameters
    ----------
    loaded : LoadedRound
        The round.
    judge : callable
        Judges its applications; for one who knows how they were judged already.
    """
    if has_errors(loaded.problems):
        return CheckView(problems_of(loaded), len(loaded.applications), 0, (), can_run=False)
    assessment = judge(loaded)
    problems = ordered((*loaded.problems, *assessment.problems))
    ineligible = tuple(
        IneligibleView(
            each.application.application_id,
            each.application.administration,
            tuple((f.rule, f.text, f.reference or "") for f in each.findings),
        )
        for each in assessment.pool.ineligible
    )
    eligible = len(assessment.pool.candidates)
    able = not has_errors(problems) and bool(loaded.applications)
    return CheckView(problems, len(loaded.applications), eligible, ineligible, able)


def check_files(files: Files) -> CheckView:
    """Check files that may not even be readable."""
    try:
        return check(load(files))
    except AllocatorError as error:
        return CheckView(ordered(error.problems), 0, 0, (), can_run=False)


def _rows_of(files: Files) -> dict[tuple[str, int], dict[str, str]]:
    """Return the cells of the applications by id, and by known column or header."""
    if "applications" not in files.contents:
        return {}
    return _rows(files.contents["applications"], files.names["applications"])


def _rows(content: bytes, name: str) -> dict[tuple[str, int], dict[str, str]]:
    """Return the cells of an applications file by id, and by known column or header.

    An id that is used again is counted on; a file that is no table has no rows.
    """
    try:
        table = read_table(content, name)
    except AllocatorError:  # said by the check
        return {}
    reading = open_table(table, APPLICATIONS)
    places = {**dict(reading.extra), **reading.known}
    at = reading.known.get("application_id")
    found: dict[tuple[str, int], dict[str, str]] = {}
    seen: Counter[str] = Counter()
    for row in table.rows if at is not None else ():
        cells = {column: row.cells[place].strip() for column, place in places.items()}
        application = cells["application_id"]
        found[application, seen[application]] = cells
        seen[application] += 1
    return found


def ids_of(reader: Reader, round_id: str) -> frozenset[str]:
    """Return every application id that a round has, or had in any file, row or entry of the log."""
    rows: tuple[OverrideRow | NoteRow | OutcomeRow | PaymentRow, ...] = (
        *reader.find(OverrideRow, round=round_id),
        *reader.find(NoteRow, round=round_id),
        *reader.find(OutcomeRow, round=round_id),
        *reader.find(PaymentRow, round=round_id),
    )
    found = {each.application for each in rows}
    for event in reader.events(subject=subject_of(RoundRow, round_id)):
        found |= {str(each) for each in (event.payload.get("application"),) if each}
    for snapshot in reader.find(SnapshotRow, round=round_id):
        for each in snapshot.files:
            if each["role"] == "applications":
                blob, name = newest_copy(reader, each["blob"]), str(each["name"])
                found |= MEMORY.recall(("ids", blob), partial(_ids_in, reader, blob, name))
    return frozenset(found)


def _ids_in(reader: Reader, blob: str, name: str) -> frozenset[str]:
    try:
        table = read_table(reader.blob(blob) or b"", name)
    except AllocatorError:  # said by the check
        return frozenset()
    at = open_table(table, APPLICATIONS).known.get("application_id")
    return frozenset(plain(row.cells[at]) for row in table.rows) if at is not None else frozenset()


def changes(before: Files, after: Files) -> tuple[ChangeView, ...]:
    """Return what differs between two versions of the applications, by application and column.

    Columns are compared as intake understands them: another spelling of a header is no change.
    """
    was, now = _rows_of(before), _rows_of(after)
    found: list[ChangeView] = []
    for key in sorted({*was, *now}):
        old, new = was.get(key), now.get(key)
        if old is None or new is None:
            found.append(_change(key[0], "added" if old is None else "removed", new or old or {}))
            continue
        found += [
            _change(key[0], "changed", new, column, old.get(column, ""), new.get(column, ""))
            for column in {**old, **new}
            if old.get(column, "") != new.get(column, "")
        ]
    return tuple(found)


def _change(
    application: str,
    kind: str,
    cells: Mapping[str, str],
    column: str = "",
    before: str = "",
    after: str = "",
) -> ChangeView:
    """Return a difference with whose row it is."""
    person = f"{cells.get('given_name', '')} {cells.get('family_name', '')}".strip()
    administration = cells.get("administration", "")
    return ChangeView(application, kind, column, before, after, administration, person)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the applications: by its application, and by its row where the id is not enough."""

    application: str
    column: str
    row: int | None = None


def corrected(content: bytes, name: str, cell: Cell, before: str, after: str) -> tuple[bytes, str]:
    """Return an applications file with one cell changed, as CSV, and the person of its row.

    The person is as intake reads it, empty where the file does not say.

    Raises
    ------
    AllocatorError
        ``office-fix-column``, ``office-no-application``, ``office-fix-rows``, and
        ``office-fix-differs`` if the cell does not read ``before``.
    """
    table = read_table(content, name)
    known = open_table(table, APPLICATIONS).known
    headers = {header: at for at, header in enumerate(table.headers)}
    at = known.get(cell.column, headers.get(cell.column))
    if at is None or "application_id" not in known:
        raise AllocatorError(problem("office-fix-column", value=cell.column))
    key = known["application_id"]
    rows = [
        place
        for place, row in enumerate(table.rows)
        if row.cells[key].strip() == cell.application.strip() and cell.row in (None, row.number)
    ]
    if not rows:
        wrong = "office-no-application" if cell.row is None else "office-fix-differs"
        raise AllocatorError(problem(wrong, value=cell.application))
    if len(rows) > 1:
        count = len(rows)
        raise AllocatorError(problem("office-fix-rows", value=cell.application, count=count))
    cells = table.rows[rows[0]].cells
    if cells[at].strip() != before.strip():
        raise AllocatorError(problem("office-fix-differs"))
    who = known.get("person_id")
    person = "" if who is None else after if who == at else cells[who]
    return _as_csv(table, rows[0], at, after.strip()), plain(person)


def _as_csv(table: Table, row: int, column: int, value: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.headers)
    for place, each in enumerate(table.rows):
        cells = list(each.cells[: len(table.headers)])
        if place == row:
            cells[column] = value
        writer.writerow(cells)
    return text.getvalue().encode("utf-8")


def plain_digest(content: bytes) -> str:
    """Return the SHA-256 of a file as it came, for whoever holds the file."""
    return hashlib.sha256(content).hexdigest()
