"""What was published of every round, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from allocator.model import Award, PriorAward
from allocator.office.desk_files import newest_bytes, newest_copy
from allocator.office.ledger import shares_of
from allocator.office.memory import LIST, MEMORY
from allocator.office.states import FALLEN, NO_OUTCOME, UNUSED
from allocator.office.store import Reader, Store
from allocator.office.store_rows import OutcomeRow, PaymentRow, PublicationRow, RoundRow
from allocator.record.revive import result_of


@dataclass(frozen=True, slots=True)
class Published:
    """An award that was published: to whom, for which meeting, with which money."""

    award: Award
    person_id: str
    administration: str
    meeting: str
    financial_year: str
    decided_on: date
    meeting_starts: date
    meeting_ends: date
    publication: int


def published_awards(reader: Reader, round_id: str) -> dict[str, Published]:
    """Return every award a round ever published, by application, as its last publication has it."""
    found: dict[str, Published] = {}
    for row in reader.find(PublicationRow, round=round_id, order=("number",)):
        for each in _awards_in(reader, row.record, row.id):
            found[each.award.application_id] = each
    return found


def _awards_in(reader: Reader, blob: str, publication: int) -> tuple[Published, ...]:
    """Return the awards of a record, which is read once; none where its bytes were erased."""

    def read() -> tuple[Published, ...]:
        record = newest_bytes(reader, blob)
        return () if record is None else _awards_of(record, publication)

    key = "published awards", newest_copy(reader, blob), publication
    return MEMORY.recall(key, read, lambda found: LIST * len(found))


def _awards_of(record: bytes, publication: int) -> tuple[Published, ...]:
    result = result_of(record)
    meetings = {each.id: each for each in result.round.meetings}
    persons = {each.application.application_id: each.application for each in result.pool.candidates}
    return tuple(
        Published(
            award=award,
            person_id=(who := persons[award.application_id]).person_id,
            administration=who.administration,
            meeting=who.meeting,
            financial_year=result.round.financial_year,
            decided_on=result.round.decision_date,
            meeting_starts=meetings[who.meeting].starts,
            meeting_ends=meetings[who.meeting].ends,
            publication=publication,
        )
        for award in result.allocation.awards
    )


def last_outcomes(reader: Reader, round_id: str) -> dict[str, OutcomeRow]:
    """Return what is recorded of every award of a round now, by application."""
    last = {each.application: each for each in reader.find(OutcomeRow, round=round_id)}
    return {a: each for a, each in last.items() if each.kind != NO_OUTCOME}


def standing(rows: Iterable[OutcomeRow]) -> list[OutcomeRow]:
    """Return what stands of all that was ever recorded of one award, the oldest first.

    A correction stands in the place of the last outcome; one that says what the outcome before
    that said, in the place of both.
    """
    stands: list[OutcomeRow] = []
    for row in rows:
        if row.corrects is not None:
            stands.pop()  # only the last one can be corrected
            if stands and stands[-1].kind == row.kind:
                stands.pop()
        if row.kind != NO_OUTCOME:
            stands.append(row)
    return stands


def awards_without(
    reader: Reader, round_id: str, outcomes: tuple[str, ...]
) -> dict[str, Published]:
    """Return the published awards of a round, but for those of which an outcome is recorded."""
    gone = {a for a, each in last_outcomes(reader, round_id).items() if each.kind in outcomes}
    awards = published_awards(reader, round_id)
    return {a: each for a, each in awards.items() if a not in gone}


def fallen_awards(reader: Reader, round_id: str) -> dict[str, dict[str, int]]:
    """Return the published awards that fell through, each with what was paid of it by fund."""
    outcomes = last_outcomes(reader, round_id)
    fallen: dict[str, dict[str, int]] = {
        a: {}
        for a in published_awards(reader, round_id)
        if a in outcomes and outcomes[a].kind in FALLEN
    }
    for each in reader.find(PaymentRow, round=round_id):
        if each.application in fallen:
            paid = fallen[each.application]
            paid[each.fund] = paid.get(each.fund, 0) + each.amount
    return fallen


def moved_payments(reader: Reader, round_id: str, record: bytes) -> tuple[str, ...]:
    """Return the applications for which a fund has paid more than a new record has it owe.

    A reallocation keeps every award but may have another fund pay it. What a fund has paid already
    must then be booked anew before the record counts, or the ledger would say what is not so.
    """
    paid: dict[tuple[str, str], int] = {}
    for each in reader.find(PaymentRow, round=round_id):
        key = (each.application, each.fund)
        paid[key] = paid.get(key, 0) + each.amount
    owed = {e.award.application_id: shares_of(e.award) for e in _awards_of(record, 0)}
    return tuple(
        sorted(
            application
            for (application, fund), amount in paid.items()
            if application in owed and amount > owed[application].get(fund, 0)
        )
    )


def ledger_of_persons(reader: Reader, *, without: str | None = None) -> tuple[PriorAward, ...]:
    """Return the published awards of all rounds but one that count for the limit of a year."""
    return tuple(
        PriorAward(
            person_id=each.person_id,
            administration=each.administration,
            package=each.award.package,
            financial_year=each.financial_year,
            meeting=each.meeting,
            awarded_on=each.decided_on,
        )
        for row in reader.find(RoundRow)
        if row.id != without and row.published_run is not None
        for each in awards_without(reader, row.id, UNUSED).values()
    )


def forget_what_was_read() -> None:
    """Forget what was read and worked out, so that nothing of an erased person stays in memory."""
    MEMORY.forget()


def last_erasure(store: Store) -> int:
    """Return a number that another erasure changes: of the last entry about the store itself."""
    with store.reading() as reader:
        return max((each.seq for each in reader.events(subject="store", limit=1)), default=0)
