"""What an analyst gets: no person by any way, and every what-if as it is."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from allocator.decide import decide
from allocator.errors import AllocatorError, problem
from allocator.explain.result import Result
from allocator.office.desk import Desk
from allocator.office.pseudonyms import Pseudonyms, is_neutral
from allocator.optimise.reduce import lottery_order
from allocator.record.canonical import canonical, to_plain
from tests.office.desk_kit import Office, awarded, code, refusal, tiny

REMARK = "private remark"


def test_nothing_an_analyst_gets_holds_a_personal_datum(office: Office) -> None:
    files = tiny(persons=("P-ayo", "P-bea", "P-cyd", "P-dov", "P-eli", "P-fay"))
    named = files["applications.csv"].replace(b"one-A1,", b"FamilyP-ayo-1,")
    files["applications.csv"] = named.replace(b"rapporteur", b"rapporteur; cousin of Hidden")
    round_id = office.olu.create_round(files).summary.id
    office.olu.check(round_id, None)
    office.olu.override(round_id, "FamilyP-ayo-1", "must award", "confidential reason", seen=None)
    office.kim.note(round_id, "one-A2", "confidential note", [("confidential.pdf", b"x")])
    run = office.olu.run(round_id)
    office.olu.propose(round_id, run.id, None)
    office.kim.approve(round_id, run.fingerprint or "", None)
    office.olu.publish(round_id, office.key, None)
    winner = awarded(office.olu, run)[0]
    office.olu.outcome(round_id, winner, "withdrawn", date(2026, 2, 1), "confidential outcome")
    ana = office.ana
    loaded, result = ana.loaded(round_id), ana.result(run.id)
    views: list[Any] = [
        *(ana.rounds(), ana.round(round_id), ana.timeline(), ana.timeline(round_id)),
        *(ana.check_of(round_id), ana.policies(), ana.overrides(round_id), ana.notes(round_id)),
        ana.assessed(round_id),
        *(ana.outcomes(round_id), ana.fund_ledger(round_id), ana.person_ledger("2026")),
        *(ana.reserve(round_id), ana.runs(round_id), ana.price(round_id), ana.me()),
        *(ana.changes_of(round_id), result, loaded, ana.loaded(round_id, run.id), loaded.files),
    ]
    told = "\n".join(repr(each) for each in views)
    told += json.dumps(to_plain(replace(result, proof=None)))
    persons = [f"{kind}P-{name}" for name in PERSONS for kind in ("Family", "Given", "")]
    for secret in (*persons, REMARK, "Hidden", "confidential"):
        assert secret not in told, secret
    for download in (lambda: ana.record(run.id), lambda: ana.outputs(run.id)):
        assert code(download) == "office-not-permitted"


PERSONS = ("ayo", "bea", "cyd", "dov", "eli", "fay")


def test_an_analyst_finds_the_same_allocation(office: Office) -> None:
    run = office.olu.run(office.checked())
    seen = decide(office.ana.loaded("one"))
    assert seen.lines == office.olu.result(run.id).lines
    masked = office.ana.result(run.id)
    assert canonical(seen.pool) == canonical(masked.pool)
    assert seen.programme == masked.programme


def everything(desk: Desk, round_id: str) -> str:
    """Return all that somebody can look at of a round, refusals among it."""
    looks: list[Callable[[], object]] = [
        lambda: desk.round(round_id),
        lambda: (desk.timeline(round_id), desk.timeline()),
        lambda: (desk.overrides(round_id), desk.notes(round_id), desk.outcomes(round_id)),
        *(lambda: desk.check_of(round_id), lambda: desk.price(round_id)),
        *(lambda: desk.loaded(round_id), lambda: desk.changes_of(round_id)),
        lambda: desk.assessed(round_id),
        *(lambda: desk.reserve(round_id), lambda: desk.fund_ledger(round_id)),
        lambda: [replace(desk.result(each.id), proof=None) for each in desk.runs(round_id)],
    ]
    told = []
    for look in looks:
        try:
            told.append(repr(look()))
        except AllocatorError as error:
            told.append(repr((error.problems, str(error), error.__cause__)))
    return "\n".join(told)


TELLING = {
    "Jo-Li": "JOLI-3",
    "Li": "li",
    "\N{CJK UNIFIED IDEOGRAPH-674E}\N{CJK UNIFIED IDEOGRAPH-660E}": (
        "\N{CJK UNIFIED IDEOGRAPH-674E}\N{CJK UNIFIED IDEOGRAPH-660E}-3"
    ),
    "Bo": "Bo7",
}
"""Application ids by the family name that they hold."""


@pytest.mark.parametrize("name", TELLING)
def test_an_application_id_that_tells_a_name_is_never_shown(
    office: Office, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    olu, telling = office.olu, TELLING[name]
    clean = tiny()["applications.csv"].decode().replace("FamilyP3", name)
    named = clean.replace("one-A3,", f"{telling},")
    files = tiny() | {"applications.csv": named.encode()}
    round_id = olu.create_round(files).summary.id
    olu.check(round_id, None)
    olu.override(round_id, telling, "must award", "why", seen=None)
    olu.note(round_id, telling, "a note")
    olu.run(round_id)
    marks = (f"'{telling}'", f" {telling} ", f"[{telling}")

    def shown() -> list[str]:
        told = everything(office.ana, round_id)
        return [each for each in marks if each in told]

    assert any(each in everything(olu, round_id) for each in marks)
    assert not shown()
    olu.withdraw_override(olu.overrides(round_id)[0].id, "other ids", None)
    olu.import_files(round_id, {"applications.csv": clean.encode()}, None)
    assert not shown()
    # Versions before this one kept what nobody can read.
    monkeypatch.setattr("allocator.office.desk_files._unreadable", lambda *_: ())
    olu.import_files(round_id, {"applications.csv": b'"'}, None)
    assert not shown()


def test_what_is_neutral_is_seen_by_its_form() -> None:
    for neutral in ("A0042", "2025-017", "SG13-A7", "one-A1", "sg13-2026-003", "Nomination 12"):
        assert is_neutral(neutral, "one-sg13-2026"), neutral
    for other in (
        "JOLI-3",
        "Jo-Li",
        "A-B-3",
        "M12345678",
        "\N{CJK UNIFIED IDEOGRAPH-674E}3",
        "B\xe9",
    ):
        assert not is_neutral(other, "one"), other


def test_pseudonyms_are_drawn_in_the_places_of_their_ids() -> None:
    ids = [f"A{n}" for n in range(200)] + [f"Name{n}" for n in range(40)]
    neutral = [each for each in ids if is_neutral(each, "")]
    hidden = Pseudonyms(b"secret").hidden_ids(ids, neutral, "a seed")
    assert sorted(hidden) == sorted(set(ids) - set(neutral))
    order = [hidden.get(each, each) for each in lottery_order("a seed", ids)]
    assert order == list(lottery_order("a seed", order))


def test_hidden_ids_leave_every_tie_as_it_falls(office: Office) -> None:
    rows = tiny(money=3_000)["applications.csv"].decode().splitlines(keepends=True)
    alike = [f"Name{n},{n}" + rows[1].split(",P1", 1)[1] for n in range(8)]
    text = rows[0] + "".join(e.replace(",", ",Q", 1) if n % 2 else e for n, e in enumerate(alike))
    office.olu.create_round(tiny(money=3_000) | {"applications.csv": text.encode()})
    run = office.olu.run("one")
    masked: Result = office.ana.result(run.id)
    seen = decide(office.ana.loaded("one"))
    assert seen.allocation.draws == masked.allocation.draws
    assert not {each.application_id for each in masked.lines} & set(text.split(","))
    assert {e.application_id: e.decision for e in seen.lines} == {
        e.application_id: e.decision for e in masked.lines
    }


def test_no_refusal_tells_an_analyst_what_a_cell_says(office: Office) -> None:
    bad = tiny()["applications.csv"].replace(b"GivenP2,female,Mali", b"GivenP2,female,Zappel")
    office.olu.create_round(tiny() | {"applications.csv": bad})
    assert "Zappel" in str(refusal(lambda: office.olu.run("one")))
    assert "Zappel" in str(refusal(lambda: office.olu.price("one")))
    assert "Zappel" not in everything(office.ana, "one")
    told = refusal(lambda: office.ana.price("one"))
    assert "Zappel" not in repr(told.problems) and told.problems[0].where.row == 3
    assert "elsewhere" in str(refusal(lambda: office.ana.round("elsewhere")))


def test_a_conflict_names_no_person_to_an_analyst() -> None:
    clauses = "person_meeting[Zappel7,one-sg], person_year[Zappel7], quota[KEN,one-sg]"
    found = problem("optimise-infeasible", clauses=clauses, count=3)
    (told,) = Pseudonyms(b"secret").of_problems([found])
    assert "Zappel7" not in told.what and "quota[KEN,one-sg]" in told.what
    assert told.what.count("[P-") == 2
