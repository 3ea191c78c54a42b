"""Every role and every command: what is permitted works, everything else is refused and logged."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from allocator.errors import AllocatorError
from allocator.office.desk import Desk
from allocator.office.desk_base import COMMANDS
from allocator.office.roles import PERMITTED, Command, Role, Source
from allocator.office.roles_reference import PAGE, page
from allocator.office.store import open_store
from tests.office.desk_kit import PEOPLE, Office, desk_of, office_in, tiny

ROOT = Path(__file__).parents[2]
NO_COMMAND = ("me", "notice")
"""Methods that only say who is asking."""

METHODS = sorted(COMMANDS)
LOGIN_OF = {roles[0]: login for login, roles in PEOPLE.items()}

RIGHT = {
    "rounds": (),
    "accounts": (),
    "settings": (),
    "check_store": (),
    "round": ("one",),
    "timeline": ("one",),
    "runs": ("one",),
    "job": ("one",),
    "returns": ("one",),
    "check_of": ("one",),
    "assessed": ("one",),
    "changes_of": ("one",),
    "policies": (),
    "overrides": ("one",),
    "notes": ("one",),
    "outcomes": ("one",),
    "loaded": ("one",),
    "result": ("1",),
    "record": ("1",),
    "outputs": ("1",),
    "reserve": ("one",),
    "person_ledger": ("2026",),
    "fund_ledger": ("one",),
    "price": ("one",),
    "verify": ("1",),
}
"""Arguments with which a looking command works in an office with one round and one run."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("office")) as found:
        found.olu.run(found.checked())
        yield found


def public_methods() -> list[str]:
    return sorted(
        name
        for name, _ in inspect.getmembers(Desk, inspect.isfunction)
        if not name.startswith("_")
        and name != "change"
        and hasattr(getattr(Desk, name), "__wrapped__")
    )


def test_every_method_that_asks_for_a_right_is_tested() -> None:
    assert public_methods() == METHODS


def test_what_asks_for_no_right_changes_nothing_and_shows_nobody_else() -> None:
    internal = {
        *("actor", "demand", "sees_persons", "change", "tell", "log_refusal"),
        *("refuse_if_recused", "the_round", "the_run", "round_view", "record_of", "is_current"),
        *("shown", "told", "run_shown", "enter_run", "end_run", "made_from", "store_file"),
    }
    others = {
        name
        for name, _ in inspect.getmembers(Desk, inspect.isfunction)
        if not name.startswith("_") and name not in COMMANDS
    }
    assert others == {*NO_COMMAND, *internal}


def pairs(methods: Iterable[str], *, permitted: bool) -> list[tuple[str, Role]]:
    """Return the commands with the roles that may, or may not, give them."""
    return [(m, r) for m in methods for r in Role if (r in PERMITTED[COMMANDS[m]]) is permitted]


@pytest.mark.parametrize(("method", "role"), pairs(METHODS, permitted=False))
def test_a_role_without_the_right_is_refused_and_logged_whatever_is_passed(
    office: Office, method: str, role: Role
) -> None:
    asked = COMMANDS[method]
    login = LOGIN_OF[role]
    desk = getattr(office, login)
    before = office.sam.timeline()[0].seq
    for arguments in (rubbish(getattr(desk, method)), RIGHT.get(method, ())):
        with pytest.raises(AllocatorError) as refused:
            getattr(desk, method)(*arguments)
        assert refused.value.code == "office-not-permitted"
    logged = [each for each in office.sam.timeline() if each.seq > before]
    assert [(each.kind, each.actor, each.details["command"]) for each in logged] == [
        ("refused", login, asked.value)
    ] * 2


def rubbish(method: Callable[..., Any]) -> list[Any]:
    """Return something for every argument that must be given: it is never looked at."""
    given = inspect.signature(method).parameters.values()
    return [
        object() for each in given if each.default is each.empty and each.kind < each.KEYWORD_ONLY
    ]


@pytest.mark.parametrize(("method", "role"), pairs(sorted(RIGHT), permitted=True))
def test_a_role_with_the_right_is_answered(office: Office, method: str, role: Role) -> None:
    getattr(getattr(office, LOGIN_OF[role]), method)(*RIGHT[method])


CHANGES: dict[str, Callable[[Office], object]] = {
    "create_round": lambda o: o.checked("new"),
    "create_sample": lambda o: o.olu.create_sample(),
    "create_empty": lambda o: o.olu.create_empty("A round"),
    "import_files": lambda o: o.olu.import_files(
        "one", {"applications.csv": tiny()["applications.csv"]}, None
    ),
    "fix": lambda o: o.olu.fix("one", "one-A1", "contributions", "0", "2", "typo", None),
    "undo_import": lambda o: o.olu.undo_import("one", None),
    "check": lambda o: o.olu.check("one", None),
    "save_policy": lambda o: o.olu.save_policy(o.olu.policies()[0].text, "kept"),
    "save_policy_for": lambda o: o.olu.save_policy_for(
        "one", o.olu.policies()[0].text + "\n# for the round\n", "kept", None, None
    ),
    "set_policy": lambda o: o.olu.set_policy("one", "1", "usual", None),
    "note": lambda o: o.kim.note("one", "one-A1", "seen"),
    "add_account": lambda o: o.ada.add_account("pat", "Pat", ["officer"]),
    "set_roles": lambda o: o.ada.set_roles("pat", ["approver"], None),
    "recuse": lambda o: o.kim.recuse("pat", "Kenya", "family"),
    "lift_recusal": lambda o: o.ada.lift_recusal("pat", "KEN", "over"),
    "deactivate": lambda o: o.ada.deactivate("pat", None),
    "set_setting": lambda o: o.ada.set_setting("retention-years", "3"),
    "backup": lambda o: o.ada.backup(o.folder / "backup.zip"),
    "make_key": lambda o: o.olu.make_key(o.key.with_name("second")),
    "queue_run": lambda o: o.olu.queue_run("one"),
    "cancel_run": lambda o: o.olu.cancel_run(o.olu.runs("one")[0].id),
    "work": lambda o: o.olu.work(o.olu.runs("one")[0].id),
}
"""Changes by a role that may make them, in an order in which each works."""

PLAYED = {
    *("run", "override", "withdraw_override", "propose", "approve", "return_to_draft", "publish"),
    *("close", "outcome", "correct_outcome", "pay", "reallocate", "erase"),
}
"""Changes that test_desk.py and test_desk_year.py make in their place."""


def test_changes_by_a_role_with_the_right_work(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        office.checked()
        for change in CHANGES.values():
            change(office)
    assert {*CHANGES, *PLAYED, *RIGHT} == set(METHODS)


def test_changes_that_several_roles_may_make_work_for_each(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        office.checked()
        office.ada.add_account("pat", "Pat", [Role.OFFICER])
        for role in PERMITTED[Command.NOTE]:
            getattr(office, LOGIN_OF[role]).note("one", "one-A1", "seen")
        for role in PERMITTED[Command.RECUSE]:
            desk = getattr(office, LOGIN_OF[role])
            desk.recuse("pat", "Kenya", "family")
            desk.lift_recusal("pat", "KEN", "over")
        for role in PERMITTED[Command.RETURN]:
            getattr(office, LOGIN_OF[role]).return_to_draft("one", "again", None)
            office.olu.check("one", None)


def test_roles_are_read_at_every_command(tmp_path: Path) -> None:
    with office_in(tmp_path) as office:
        office.checked()
        office.ada.set_roles("olu", [Role.AUDITOR], None)
        with pytest.raises(AllocatorError) as refused:
            office.olu.run("one")
        assert refused.value.code == "office-not-permitted"
        office.ada.deactivate("olu", None)
        with pytest.raises(AllocatorError) as refused:
            office.olu.rounds()
        assert refused.value.code == "office-no-account"


def test_whoever_has_no_account_sees_nothing(office: Office) -> None:
    stranger = desk_of(office.store, "eve")
    for method in METHODS:
        with pytest.raises(AllocatorError) as refused:
            getattr(stranger, method)(*rubbish(getattr(stranger, method)))
        assert refused.value.code == "office-no-account"


def test_alone_one_does_everything_but_approve_and_reads_so(tmp_path: Path) -> None:
    with open_store(tmp_path / "office.db") as store:
        alone = Office(store, tmp_path)
        assert alone.olu.me().source is Source.SINGLE
        assert "Single-user mode" in alone.olu.notice()
        round_id, run = alone.proposed()
        for login in ("olu", "kim"):
            with pytest.raises(AllocatorError) as refused:
                getattr(alone, login).approve(round_id, run.fingerprint, None)
            assert refused.value.code == "office-single-approval"
        with pytest.raises(AllocatorError) as refused:
            alone.olu.add_account("olu", "Olu", [Role.OFFICER])
        assert refused.value.code == "office-first-administrator"
        alone.olu.add_account("ada", "Ada", [Role.ADMINISTRATOR])
        assert alone.olu.me().roles == ()
        with pytest.raises(AllocatorError) as refused:
            alone.ada.set_roles("ada", [Role.OFFICER], None)
        assert refused.value.code == "office-last-administrator"


def test_an_auditor_changes_nothing_and_an_administrator_decides_nothing() -> None:
    looking = {
        *(Command.SEE_ROUNDS, Command.SEE_PERSONAL, Command.SEE_ACCOUNTS, Command.SEE_STORE),
        *(Command.DOWNLOAD, Command.VERIFY, Command.COMPARE),
    }
    allowed = {
        role: {command for command, roles in PERMITTED.items() if role in roles} for role in Role
    }
    assert allowed[Role.AUDITOR] == looking
    deciding = {Command.OVERRIDE, Command.PROPOSE, Command.APPROVE, Command.PUBLISH, Command.RUN}
    assert not allowed[Role.ADMINISTRATOR] & deciding
    assert Command.DOWNLOAD not in allowed[Role.ANALYST]
    assert Command.SEE_PERSONAL not in allowed[Role.ANALYST] | allowed[Role.ADMINISTRATOR]


def test_the_table_of_roles_is_current() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "run: make docs"
