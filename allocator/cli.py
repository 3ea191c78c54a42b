"""The command line, thin: one function per command, which hands over to ``allocator.commands``.

What a command needs is imported when it is carried out, so that help appears at once.
"""

import gc
import json
import math
import sys
from collections.abc import Callable, Sequence
from datetime import date
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from allocator import __version__
from allocator.cli_office_admin import office_app
from allocator.errors import Exit
from allocator.texts import say

if TYPE_CHECKING:
    from allocator.commands.answer import Answer

_COLLECT_AFTER = (100_000, 20, 100)
"""When Python looks for cycles in memory: rarely, because what a round makes has none.

With 100,000 applications the usual thresholds cost a third of the time to find nothing.
"""

_INTERRUPTED = 130
"""What typer makes of Ctrl-C before a command has begun."""

_PLAINLY = {
    "Input should be a valid number, unable to parse string as a number": "cli.not-a-number",
    "Input should be a valid integer, unable to parse string as an integer": (
        "cli.not-a-whole-number"
    ),
}
"""What the parser says in terms of its own, and the text that says it."""

START, OFFICER, AUDITOR, ANALYST = (
    say(f"cli.panel.{name}") for name in ("start", "officer", "auditor", "analyst")
)

app = typer.Typer(
    name="allocator",
    help=say("cli.about"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
policy_app = typer.Typer(help=say("cli.command.policy"), no_args_is_help=True)
app.add_typer(policy_app, name="policy", rich_help_panel=ANALYST)
app.add_typer(office_app, name="office", rich_help_panel=OFFICER)

AsJson = Annotated[bool, typer.Option("--json", help=say("cli.option.json"))]
RoundFolder = Annotated[Path, typer.Argument(metavar="ROUND", help=say("cli.argument.round"))]
OtherPolicy = Annotated[
    str | None, typer.Option("--policy", "-p", metavar="POLICY", help=say("cli.option.policy"))
]
RecordFile = Annotated[Path, typer.Argument(metavar="RECORD", help=say("cli.argument.record"))]
OnDay = Annotated[str | None, typer.Option("--on", metavar="DAY", help=say("cli.option.on"))]
PolicyFile = Annotated[str, typer.Argument(metavar="POLICY", help=say("cli.argument.policy-file"))]


def _finish(command: str, module: str, action: "Callable[[Any], Answer]", as_json: bool) -> None:
    """Carry out a command with its module of ``allocator.commands``; leave with its exit code."""
    from allocator.commands.guard import guarded

    work = f"allocator.commands.{module}"
    raise typer.Exit(guarded(command, lambda: action(import_module(work)), as_json))


def _seconds(value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value > 0):
        raise typer.BadParameter(say("cli.option.time-limit-wrong"))
    return value


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(say("cli.option.on-wrong"), param_hint="'--on'") from None


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"allocator {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help=say("cli.option.version"), callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before any command."""


@app.command(rich_help_panel=START, help=say("cli.command.demo"))
def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help=say("cli.argument.demo-folder"))
    ] = Path("demo"),
    as_json: AsJson = False,
) -> None:
    """Allocate the sample meeting."""
    _finish("demo", "start", lambda do: do.demo(folder), as_json)


@app.command(rich_help_panel=START, help=say("cli.command.new"))
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=say("cli.argument.new-folder"))],
    title: Annotated[str | None, typer.Option(help=say("cli.option.title"))] = None,
    sample: Annotated[bool, typer.Option("--sample", help=say("cli.option.sample"))] = False,
    as_json: AsJson = False,
) -> None:
    """Make a round folder."""
    _finish("new", "start", lambda do: do.new(folder, title, sample), as_json)


@app.command(rich_help_panel=START, help=say("cli.command.serve"))
def serve(
    address: Annotated[str, typer.Option(help=say("cli.option.address"))] = "localhost",
    port: Annotated[int, typer.Option(min=1, max=65535, help=say("cli.option.port"))] = 8501,
    store: Annotated[str | None, typer.Option(metavar="URL", help=say("cli.option.store"))] = None,
    host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help=say("cli.option.host"))
    ] = None,
) -> None:
    """Open the workbench."""
    names = tuple(host or ())
    _finish("serve", "serve", lambda do: do.serve(address, port, store, names), as_json=False)


@app.command(rich_help_panel=OFFICER, help=say("cli.command.check"))
def check(folder: RoundFolder, policy: OtherPolicy = None, as_json: AsJson = False) -> None:
    """Say what is wrong with a round."""
    _finish("check", "rounds", lambda do: do.check(folder, policy), as_json)


@app.command(rich_help_panel=OFFICER, help=say("cli.command.run"))
def run(
    folder: RoundFolder,
    policy: OtherPolicy = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help=say("cli.option.out"))
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help=say("cli.option.time-limit"), callback=_seconds),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help=say("cli.option.exact"))] = False,
    fairness: Annotated[bool, typer.Option("--fairness", help=say("cli.option.flips"))] = False,
    money_for: Annotated[
        list[str] | None, typer.Option(metavar="APPLICATION", help=say("cli.option.money-for"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide a round."""
    asked = (folder, policy, out, time_limit, exact, fairness, tuple(money_for or ()))
    _finish("run", "rounds", lambda do: do.run(*asked), as_json)


@app.command(rich_help_panel=OFFICER, help=say("cli.command.sign"))
def sign(
    record: RecordFile,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say("cli.option.sign-key"))
    ] = None,
    timestamp: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say("cli.option.sign-timestamp"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a signature or a time stamp to a record."""
    _finish("sign", "audit", lambda do: do.sign(record, key, timestamp), as_json)


@app.command(rich_help_panel=AUDITOR, help=say("cli.command.verify"))
def verify(
    record: RecordFile,
    previous: Annotated[
        Path | None, typer.Option(metavar="RECORD", help=say("cli.option.previous"))
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help=say("cli.option.key"))] = None,
    timestamp_ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say("cli.option.timestamp-ca"))
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(metavar="RECORD", help=say("cli.option.compare"))
    ] = None,
    export_vipr: Annotated[
        Path | None, typer.Option(metavar="FILE", help=say("cli.option.export-vipr"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a record."""
    asked = (record, previous, key, timestamp_ca, compare, export_vipr)
    _finish("verify", "audit", lambda do: do.verify(*asked), as_json)


@app.command(rich_help_panel=AUDITOR, help=say("cli.command.explain"))
def explain(
    record: RecordFile,
    application: Annotated[
        str | None, typer.Argument(metavar="APPLICATION", help=say("cli.argument.application"))
    ] = None,
    fairness: Annotated[
        bool, typer.Option("--fairness", help=say("cli.option.show-fairness"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say why decisions fell as they did."""
    _finish("explain", "audit", lambda do: do.explain(record, application, fairness), as_json)


@app.command(rich_help_panel=ANALYST, help=say("cli.command.compare"))
def compare(
    folder: RoundFolder,
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", "-p", metavar="POLICY", help=say("cli.option.policies")),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help=say("cli.option.compare-out"))
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help=say("cli.option.compare-time-limit"), callback=_seconds
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set policies side by side on one round."""
    asked = (folder, policy or [], out, time_limit)
    _finish("compare", "compare", lambda do: do.compare(*asked), as_json)


@policy_app.command("check", help=say("cli.command.policy-check"))
def policy_check(policy: PolicyFile, as_json: AsJson = False) -> None:
    """Check a policy file."""
    _finish("policy check", "policies", lambda do: do.check(policy), as_json)


@policy_app.command("show", help=say("cli.command.policy-show"))
def policy_show(policy: PolicyFile, on: OnDay = None, as_json: AsJson = False) -> None:
    """Read a policy in plain words."""
    day = _day(on)
    _finish("policy show", "policies", lambda do: do.show(policy, day), as_json)


@policy_app.command("diff", help=say("cli.command.policy-diff"))
def policy_diff(
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help=say("cli.argument.policy-before"))
    ],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=say("cli.argument.policy-after"))],
    on: OnDay = None,
    as_json: AsJson = False,
) -> None:
    """Say how two policies differ."""
    day = _day(on)
    _finish("policy diff", "policies", lambda do: do.compare(before, after, day), as_json)


@policy_app.command("schema", help=say("cli.command.policy-schema"))
def policy_schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of policy files."""
    _finish("policy schema", "policies", lambda do: do.schema(), as_json)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those the program was started with.
    """
    gc.set_threshold(*_COLLECT_AFTER)
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.stdout, sys.stderr = sys.stdout or StringIO(), sys.stderr or StringIO()  # may be closed
    try:
        code = app(given, prog_name="allocator", standalone_mode=False)
    except typer.TyperException as error:
        _show_usage_error(error, "--json" in given)
        code = Exit.USAGE
    if code == _INTERRUPTED:
        raise KeyboardInterrupt  # nothing has been said yet, and the door says it
    sys.exit(int(code or 0))


def _show_usage_error(error: typer.TyperException, as_json: bool) -> None:
    """Say what is wrong with the command; a missing command has been answered with the help."""
    message = error.format_message()
    for theirs, ours in _PLAINLY.items():
        message = message.replace(theirs, say(ours))
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "allocator"
    if message:
        typer.echo(f"{message}\n{say('cli.usage-hint', command=command)}", err=True)
    if as_json:
        typer.echo(json.dumps({"allocator": __version__, "exit_code": 2, "usage": message}))
