"""``allocator office``: the office on the command line, one thin function per command."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allocator.texts import say

if TYPE_CHECKING:
    from allocator.commands.answer import Answer


type Given = Callable[..., None]
"""A function that is made a command."""


def _app(name: str) -> typer.Typer:
    return typer.Typer(help=say(f"cli.office.help.{name}"), no_args_is_help=True)


office_app = _app("office")
account_app = _app("account")
policy_app = _app("policy")
office_app.add_typer(account_app, name="account")
office_app.add_typer(policy_app, name="policy")


def option(key: str, *names: str, metavar: str | None = None) -> Any:
    """Return an option with the help of its text."""
    return typer.Option(*names, metavar=metavar, help=say(f"cli.office.option.{key}"))


def argument(key: str, metavar: str) -> Any:
    """Return an argument with the help of its text."""
    return typer.Argument(metavar=metavar, help=say(f"cli.office.argument.{key}"))


Store = Annotated[str | None, option("store", "--store", metavar="URL")]
AsJson = Annotated[bool, typer.Option("--json", help=say("cli.option.json"))]
Seen = Annotated[int | None, option("seen", "--seen", metavar="VERSION")]
Reason = Annotated[str, option("reason", "--reason", metavar="TEXT")]
RoundId = Annotated[str, argument("round", "ROUND")]
Application = Annotated[str, argument("application", "APPLICATION")]
Login = Annotated[str, argument("login", "LOGIN")]
RunNumber = Annotated[str, argument("run", "RUN")]
Roles = Annotated[list[str], option("role", "--role", metavar="ROLE")]
Day = Annotated[str | None, option("on", "--on", metavar="DAY")]
AskPassword = Annotated[bool, option("password", "--password")]


def finish(name: str, module: str, action: "Callable[[Any], Answer]", as_json: bool) -> None:
    """Carry out a command with its module of ``allocator.commands``; leave with its exit code."""
    from allocator.commands.guard import guarded

    work = f"allocator.commands.office_{module}"
    raise typer.Exit(guarded(f"office {name}", lambda: action(import_module(work)), as_json))


def asked_for(wanted: bool, *, twice: bool = False) -> Callable[[], str] | None:
    """Return what asks a person for the password of a key."""
    words = say("cli.office.password")
    return (
        (lambda: str(typer.prompt(words, hide_input=True, confirmation_prompt=twice)))
        if (wanted)
        else None
    )


def command(app: typer.Typer, name: str) -> "Callable[[Given], Given]":
    """Return what makes a function a command, with the text of its name as help.

    Where an amount may be negative, what begins with a minus and is no option is an argument.
    """
    settings = {"ignore_unknown_options": name == "pay"}
    return app.command(name, help=say(f"cli.office.command.{name}"), context_settings=settings)


def sub(app: typer.Typer, group: str, name: str) -> "Callable[[Given], Given]":
    """Return what makes a function a command of a group."""
    return app.command(name, help=say(f"cli.office.command.{group}-{name}"))


# --- looking --------------------------------------------------------------------------------------


@command(office_app, "init")
def init(store: Store = None, as_json: AsJson = False) -> None:
    """Make the store."""
    finish("init", "rounds", lambda do: do.init(store), as_json)


@command(office_app, "status")
def status(
    round_id: Annotated[str | None, argument("round", "ROUND")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Say how the office or a round stands."""
    finish("status", "rounds", lambda do: do.status(store, round_id), as_json)


@command(office_app, "rounds")
def rounds(store: Store = None, as_json: AsJson = False) -> None:
    """List the rounds."""
    finish("rounds", "rounds", lambda do: do.rounds(store), as_json)


@command(office_app, "timeline")
def timeline(
    round_id: Annotated[str | None, argument("round", "ROUND")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Show what happened."""
    finish("timeline", "after", lambda do: do.timeline(store, round_id), as_json)


# --- preparing a round ----------------------------------------------------------------------------


@command(office_app, "create")
def create(
    folder: Annotated[Path | None, argument("folder", "[FOLDER]")] = None,
    sample: Annotated[bool, option("sample", "--sample")] = False,
    title: Annotated[str | None, option("empty", "--empty", metavar="TITLE")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Make a round."""
    finish("create", "rounds", lambda do: do.create(store, folder, sample, title), as_json)


@command(office_app, "import")
def import_files(
    round_id: RoundId,
    files: Annotated[list[Path], argument("files", "FILE")],
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Import files."""
    finish("import", "rounds", lambda do: do.import_files(store, round_id, files, seen), as_json)


@command(office_app, "undo")
def undo(
    round_id: RoundId, seen: Seen = None, store: Store = None, as_json: AsJson = False
) -> None:
    """Go back to the files before the last import."""
    finish("undo", "rounds", lambda do: do.undo(store, round_id, seen), as_json)


@command(office_app, "fix")
def fix(
    round_id: RoundId,
    application: Application,
    column: Annotated[str, argument("column", "COLUMN")],
    before: Annotated[str, argument("before", "BEFORE")],
    after: Annotated[str, argument("after", "AFTER")],
    reason: Reason,
    row: Annotated[int | None, option("row", "--row", metavar="ROW")] = None,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Correct one cell."""
    cell, change = (application, column, row), (before, after)
    finish("fix", "rounds", lambda do: do.fix(store, round_id, cell, change, reason, seen), as_json)


@command(office_app, "check-round")
def check_round(
    round_id: RoundId, seen: Seen = None, store: Store = None, as_json: AsJson = False
) -> None:
    """Check a round."""
    finish("check-round", "rounds", lambda do: do.check_round(store, round_id, seen), as_json)


@sub(policy_app, "policy", "save")
def policy_save(
    file: Annotated[Path, argument("policy-file", "FILE")],
    reason: Reason,
    based_on: Annotated[str | None, option("based-on", "--based-on", metavar="NUMBER")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Keep a policy."""
    finish(
        "policy save", "rounds", lambda do: do.policy_save(store, file, reason, based_on), as_json
    )


@sub(policy_app, "policy", "set")
def policy_set(
    round_id: RoundId,
    policy: Annotated[str, argument("policy", "NUMBER")],
    reason: Reason,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Choose the policy of a round."""
    asked = (round_id, policy, reason, seen)
    finish("policy set", "rounds", lambda do: do.policy_set(store, *asked), as_json)


@sub(policy_app, "policy", "list")
def policy_list(store: Store = None, as_json: AsJson = False) -> None:
    """List policies."""
    finish("policy list", "rounds", lambda do: do.policy_list(store), as_json)


# --- deciding -------------------------------------------------------------------------------------


@command(office_app, "run")
def run(
    round_id: RoundId,
    time_limit: Annotated[
        float | None, option("time-limit", "--time-limit", metavar="SECONDS")
    ] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Allocate a round."""
    finish("run", "rounds", lambda do: do.run(store, round_id, time_limit), as_json)


@command(office_app, "cancel")
def cancel(run_id: RunNumber, store: Store = None, as_json: AsJson = False) -> None:
    """Stop a run."""
    finish("cancel", "rounds", lambda do: do.cancel(store, run_id), as_json)


@command(office_app, "export")
def export(
    run_id: RunNumber,
    out: Annotated[Path, option("out", "--out", metavar="DIR")],
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Write the files of a run."""
    finish("export", "rounds", lambda do: do.export(store, run_id, out), as_json)


@command(office_app, "override")
def override(
    round_id: RoundId,
    application: Application,
    decision: Annotated[str, argument("decision", "DECISION")],
    reason: Reason,
    package: Annotated[str | None, option("package", "--package", metavar="PACKAGE")] = None,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Override a decision."""
    asked = (round_id, application, decision, reason, package, seen)
    finish("override", "rounds", lambda do: do.override(store, *asked), as_json)


@command(office_app, "take-back")
def take_back(
    override_id: Annotated[str, argument("override", "OVERRIDE")],
    reason: Reason,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Take an override back."""
    asked = (override_id, reason, seen)
    finish("take-back", "rounds", lambda do: do.take_back(store, *asked), as_json)


@command(office_app, "price")
def price(round_id: RoundId, store: Store = None, as_json: AsJson = False) -> None:
    """Say what overrides cost."""
    finish("price", "rounds", lambda do: do.price(store, round_id), as_json)


@command(office_app, "note")
def note(
    round_id: RoundId,
    application: Application,
    text: Annotated[str, argument("text", "TEXT")],
    attach: Annotated[list[Path] | None, option("attach", "--attach", metavar="FILE")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Write a note."""
    asked = (round_id, application, text, attach or [])
    finish("note", "rounds", lambda do: do.note(store, *asked), as_json)


# --- signing --------------------------------------------------------------------------------------


@command(office_app, "propose")
def propose(
    round_id: RoundId,
    run_id: RunNumber,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Propose a run."""
    finish("propose", "after", lambda do: do.propose(store, round_id, run_id, seen), as_json)


@command(office_app, "approve")
def approve(
    round_id: RoundId,
    fingerprint: Annotated[str, argument("fingerprint", "FINGERPRINT")],
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Approve a proposal."""
    finish("approve", "after", lambda do: do.approve(store, round_id, fingerprint, seen), as_json)


@command(office_app, "return")
def return_to_draft(
    round_id: RoundId,
    reason: Reason,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Return a round to draft."""
    finish("return", "after", lambda do: do.return_to_draft(store, round_id, reason, seen), as_json)


@command(office_app, "publish")
def publish(
    round_id: RoundId,
    key: Annotated[Path, option("key", "--key", metavar="FILE")],
    password: AskPassword = False,
    seen: Seen = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Publish a round."""
    asked = (round_id, key, asked_for(password), seen)
    finish("publish", "after", lambda do: do.publish(store, *asked), as_json)


@command(office_app, "close")
def close(
    round_id: RoundId, seen: Seen = None, store: Store = None, as_json: AsJson = False
) -> None:
    """Close a round."""
    finish("close", "after", lambda do: do.close(store, round_id, seen), as_json)
