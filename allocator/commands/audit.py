"""``verify`` and ``explain``: a record becomes its checks, or why each decision fell as it did."""

from pathlib import Path

from allocator.commands.answer import Answer, Block, Heading, Items, Table, Text
from allocator.commands.reasons import (
    all_blocks,
    all_data,
    fairness_blocks,
    fairness_data,
    one_blocks,
    one_data,
)
from allocator.errors import AllocatorError, Exit, Where, problem
from allocator.explain.result import Result
from allocator.record.check_book import number
from allocator.record.check_container import Opened
from allocator.record.check_report import FAIL, PASS, Refused, Report, verdict_text
from allocator.record.check_signature import read_key
from allocator.record.compare import Changed, Comparison, compare
from allocator.record.record import add_timestamp
from allocator.record.verify import verify as verify_record
from allocator.texts import say


def verify(
    record: Path,
    previous: Path | None = None,
    key: Path | None = None,
    timestamp_ca: Path | None = None,
    other: Path | None = None,
    vipr: Path | None = None,
) -> Answer:
    """Verify a record, and say what changed in another one.

    Parameters
    ----------
    record : Path
        The record.
    previous : Path, optional
        The previous record of the same round.
    key : Path, optional
        A file with the Ed25519 key that must have signed it.
    timestamp_ca : Path, optional
        The certificates of the time-stamping authority.
    other : Path, optional
        A later record to compare with; it is verified too.
    vipr : Path, optional
        A file to write the proof to, in the format VIPR 1.0.

    Raises
    ------
    AllocatorError
        ``record-public-key``, ``record-not-read`` for the files given; ``record-no-proof`` where a
        proof that does not hold was to be exported.
    """
    trusted = _key(key) if key is not None else None
    report = verify_record(record, previous=previous, public_key=trusted, timestamp_ca=timestamp_ca)
    blocks, data = list(_report_blocks(record, report)), report.as_json()
    holds = report.exit_code == 0
    if other is not None:
        theirs = verify_record(other, public_key=trusted)
        holds = holds and theirs.exit_code == 0
        comparison = _compared(record, other, sound=holds)
        blocks += _comparison_blocks(other, theirs, comparison)
        data["comparison"] = _comparison_data(theirs, comparison)
        holds = holds and comparison is not None and comparison.explained
    if vipr is not None:
        if report.check("proof").status != PASS:
            raise AllocatorError(problem("record-no-proof", Where(file=str(record))))
        export_proof(record, vipr)
        blocks.append(Text(say("verify.vipr", file=vipr)))
        data["vipr"] = str(vipr)
    return Answer(tuple(blocks), data, Exit.DONE if holds else Exit.REFUSED)


def export_proof(record: Path, file: Path) -> None:
    """Write the proof of a record in the format VIPR 1.0."""
    from allocator.record.vipr import export

    opened = Opened(record.read_bytes())
    lottery = opened.plain("lottery.json")
    values = [number(each) for each in opened.plain("result.json")["values"]]
    lines = export(
        opened.plain("programme.json"),
        opened.plain("proof.json"),
        values,
        lottery["order"],
        lottery["funds"],
    )
    aside = file.with_name(f".{file.name}.part")
    with aside.open("w", encoding="ascii", newline="\n") as writer:
        writer.writelines(f"{line}\n" for line in lines)
    aside.replace(file)


def sign(record: Path, key: Path | None = None, timestamp: Path | None = None) -> Answer:
    """Add a signature, a time stamp or both to a record.

    Parameters
    ----------
    record : Path
        The record.
    key : Path, optional
        An Ed25519 private key in PEM form.
    timestamp : Path, optional
        The answer of a time-stamping authority about ``manifest.json``.
    """
    from allocator.record.sign import sign_record

    digest = _opened(record).manifest_digest()
    signer = sign_record(record, key) if key is not None else None
    if timestamp is not None:
        add_timestamp(record, timestamp.read_bytes())
    texts = [say("verify.sign.manifest", digest=digest)]
    texts += [say("verify.sign.signed", signer=signer)] if signer else []
    texts += [say("verify.sign.stamped")] if timestamp else []
    blocks = (Heading(say("verify.sign.heading", record=record.name)), Items(tuple(texts)))
    stamped = timestamp is not None
    return Answer(blocks, {"manifest": digest, "public_key": signer, "time_stamp": stamped})


def explain(record: Path, application: str | None = None, fairness: bool = False) -> Answer:
    """Say why decisions fell as they did, from the record alone.

    Parameters
    ----------
    record : Path
        The record; that it is genuine is for ``verify`` to say.
    application : str, optional
        One application; without it, the round as a whole and every decision in brief.
    fairness : bool
        How groups fared, instead.

    Raises
    ------
    AllocatorError
        ``record-not-read`` if it is no record, ``record-unreadable`` if its parts contradict one
        another, ``record-no-application`` if it has no such application.
    """
    from allocator.record.revive import result_of

    _opened(record)
    result = result_of(record.read_bytes())
    ids = {each.application_id for each in result.lines}
    if application is not None and application not in ids and not fairness:
        raise AllocatorError(problem("record-no-application", value=application))
    try:
        return _explained(result, application, fairness)
    except _NOT_FITTING:
        raise AllocatorError(problem("record-unreadable")) from None


_NOT_FITTING = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError),
    *(StopIteration, TypeError, ValueError),
)
"""What reading on may raise where well-formed parts of a record contradict one another."""


def _explained(result: Result, application: str | None, fairness: bool) -> Answer:
    if fairness:
        return Answer(fairness_blocks(result), fairness_data(result))
    if application is None:
        return Answer(all_blocks(result), all_data(result))
    return Answer(one_blocks(result, application), one_data(result, application))


def _key(file: Path) -> bytes:
    try:
        return read_key(file.read_bytes())
    except ValueError:
        raise AllocatorError(problem("record-public-key", Where(file=str(file)))) from None


def _opened(file: Path) -> Opened:
    try:
        record = Opened(file.read_bytes())
        for name in ("pool.json", "result.json", "round.json"):
            record.plain(name)
    except Refused as error:
        raise _no_record(file, error) from None
    return record


def _compared(record: Path, other: Path, *, sound: bool) -> Comparison | None:
    """Compare two records; ``None`` where one that is not ``sound`` is in the way."""
    try:
        return compare(record.read_bytes(), other.read_bytes())
    except (Refused, AllocatorError, LookupError, TypeError, ValueError) as error:
        if not sound:
            return None
        raise _no_record(other, error) from None


def _no_record(file: Path, error: Exception) -> AllocatorError:
    reason = str(error) if isinstance(error, Refused) else type(error).__name__
    return AllocatorError(problem("record-not-read", Where(file=str(file)), reason=reason))


def _report_blocks(record: Path, report: Report) -> tuple[Block, ...]:
    rows = tuple((each.status, each.title, each.figure) for each in report.checks)
    headers = tuple(say(f"verify.word.{word}") for word in ("status", "check", "figure"))
    details = tuple(
        Items((f"{each.title}: {text}",))
        for each in report.checks
        for text in each.detail
        if each.status == FAIL
    )
    return (
        Heading(say("verify.heading", record=record.name)),
        Table(headers, rows),
        *details,
        Heading(verdict_text(report)),
        Text(say("verify.limits")),
        Items(report.limits),
    )


def _comparison_blocks(
    other: Path, theirs: Report, comparison: Comparison | None
) -> tuple[Block, ...]:
    about = (
        Heading(say("verify.compare.title", other=other.name)),
        Text(say("verify.compare.other-verdict", verdict=verdict_text(theirs))),
    )
    if comparison is None:
        return (*about, Text(say("verify.compare.impossible")))
    causes = tuple(
        (say(f"verify.compare.kind.{cause.kind}"), text)
        for cause in comparison.causes
        for text in cause.texts
    )
    words = [say(f"verify.word.{word}") for word in ("application", "before", "after", "why")]
    rows = tuple(
        (each.application_id, each.before, each.after, _why(each, comparison))
        for each in comparison.changed
    )
    changed = (Text(say("verify.compare.changed")), Table(tuple(words), rows)) if rows else ()
    made = (say("verify.word.part"), say("verify.word.difference"))
    differing = (Text(say("verify.compare.causes")), Table(made, causes)) if causes else ()
    return (
        *about,
        *(differing or (Text(say("verify.compare.no-causes")),)),
        *changed,
        *_told_blocks(comparison),
        Text(_judgement(comparison)),
    )


def _told_blocks(comparison: Comparison) -> tuple[Block, ...]:
    """Return what is told differently: by name where nothing explains it, else how much."""
    if not comparison.told:
        return ()
    if comparison.explained:
        return (Text(say("verify.compare.told.explained", count=len(comparison.told))),)
    return (Text(say("verify.compare.told.heading")), Items(comparison.told))


def _why(changed: Changed, comparison: Comparison) -> str:
    if not comparison.explained:
        return say("verify.compare.unexplained")
    return say(f"verify.compare.{'own' if changed.own else 'others'}")


def _judgement(comparison: Comparison) -> str:
    if not comparison.changed and comparison.told and not comparison.explained:
        return say("verify.compare.not-explained-told", count=len(comparison.told))
    if not comparison.changed:
        return say("verify.compare.same-told" if comparison.told else "verify.compare.same")
    key = "explained" if comparison.explained else "not-explained"
    return say(f"verify.compare.{key}", count=len(comparison.changed))


def _comparison_data(theirs: Report, comparison: Comparison | None) -> dict[str, object]:
    if comparison is None:
        return {"other_verdict": theirs.verdict, "explained": False}
    return {
        "other_verdict": theirs.verdict,
        "explained": comparison.explained,
        "causes": [
            {"kind": each.kind, "differences": list(each.texts)} for each in comparison.causes
        ],
        "changed": [
            {
                "application_id": each.application_id,
                "before": each.before,
                "after": each.after,
                "own_application_differs": each.own,
            }
            for each in comparison.changed
        ],
        "told_differently": list(comparison.told),
    }
