"""``allocator office``: rounds, files, policies, runs, review."""

import sys
from collections.abc import Iterator, Sequence
from os import cpu_count
from pathlib import Path
from typing import Any

from allocator.commands.answer import Answer, Block, Heading, Text, problem_blocks
from allocator.commands.office_desk import (
    at_desk,
    done,
    plain_data,
    round_answer,
    round_blocks,
    table,
)
from allocator.commands.progress import shown_progress
from allocator.commands.publish import published
from allocator.commands.rounds import interruptible
from allocator.commands.summary import file_blocks
from allocator.errors import Exit, has_errors
from allocator.office.desk import Desk
from allocator.office.desk_changes import counted
from allocator.office.desk_files import ENDINGS
from allocator.office.desk_show import CANCELLED, UNDER_WAY
from allocator.office.store_engine import VARIABLE
from allocator.office.views import (
    CheckView,
    ImportView,
    NoteView,
    OutcomeView,
    OverrideView,
    RoundView,
    RunView,
)
from allocator.texts import say


def init(store: str | None) -> Answer:
    """Make the store if there is none, and say where it is."""
    return at_desk(store, lambda desk: done(_place(desk), store=desk.store.name))


def _place(desk: Desk) -> str:
    return say("cli.office.place", store=desk.store.name, variable=VARIABLE)


def status(store: str | None, round_id: str | None) -> Answer:
    """Say where the store is, who is at the desk, and how the rounds stand."""

    def look(desk: Desk) -> Answer:
        if round_id is not None:
            view, notes, outcomes = (
                desk.round(round_id),
                desk.notes(round_id),
                desk.outcomes(round_id),
            )
            blocks = (*round_blocks(view), *reviewed(view.overrides, notes, outcomes))
            data = {"round": view, "notes": notes, "outcomes": outcomes}
            return Answer(blocks, plain_data(data))
        actor, found = desk.me(), desk.rounds()
        roles = ", ".join(say(f"office.role.{each}") for each in actor.roles) or "–"
        who = say("cli.office.who", login=actor.login, roles=roles)
        rows = [(e.id, say(f"office.state.{e.state}"), e.next_step) for e in found]
        return Answer(
            (Text(_place(desk)), Text(who), table(("round", "state", "next"), rows)),
            plain_data({"store": desk.store.name, "login": actor.login, "rounds": found})
            | {"roles": [each.value for each in actor.roles], "source": actor.source.value},
        )

    return at_desk(store, look)


def reviewed(
    overrides: Sequence[OverrideView],
    notes: Sequence[NoteView],
    outcomes: Sequence[OutcomeView],
) -> Iterator[Block]:
    """Yield what people decided, wrote and recorded of a round's applications."""
    if overrides:
        yield table(
            ("override", "application", "decision", "package", "by", "active", "reason"),
            [
                (
                    *(e.id, e.application, e.decision, e.package or "–"),
                    *(e.author, _yes(e.active), e.reason),
                )
                for e in overrides
            ],
        )
    if notes:
        yield table(
            ("note", "application", "by", "at", "text", "attached"),
            [
                (e.id, e.application, e.author, f"{e.at:%Y-%m-%d}", e.text, _attached(e))
                for e in notes
            ],
        )
    if outcomes:
        yield table(
            ("outcome", "application", "kind", "on", "by", "current", "text"),
            [
                (e.id, e.application, e.kind, f"{e.on}", e.by, _yes(not e.superseded), e.note)
                for e in outcomes
            ],
        )


def _yes(holds: bool) -> str:
    return say("cli.office.yes") if holds else say("cli.office.no")


def _attached(note: NoteView) -> str:
    return ", ".join(f"{name} {digest}" for name, digest in note.attachments) or "–"


def rounds(store: str | None) -> Answer:
    """List the rounds."""

    def look(desk: Desk) -> Answer:
        found = desk.rounds()
        rows = [(e.id, e.title, say(f"office.state.{e.state}"), str(e.applications)) for e in found]
        words = ("round", "title", "state", "applications")
        return Answer((table(words, rows, {3}),), plain_data({"rounds": found}))

    return at_desk(store, look)


def create(store: str | None, folder: Path | None, sample: bool, title: str | None) -> Answer:
    """Make a round from a folder, from the sample, or empty."""

    def make(desk: Desk) -> RoundView:
        if sample:
            return desk.create_sample()
        if title is not None:
            return desk.create_empty(title)
        return desk.create_round(_files_in(folder or Path()))

    return at_desk(
        store, lambda desk: _made(view := make(desk), say("cli.office.created", id=view.summary.id))
    )


def _made(view: RoundView, text: str) -> Answer:
    return round_answer(text, view)


def _files_in(folder: Path) -> dict[str, bytes]:
    names = [f"{role}{ending}" for role, endings in ENDINGS.items() for ending in endings]
    found = {name: folder / name for name in names if (folder / name).is_file()}
    return {name: path.read_bytes() for name, path in found.items()}


def import_files(store: str | None, round_id: str, files: list[Path], seen: int | None) -> Answer:
    """Put files in the place of those of the same kind."""
    contents = {path.name: path.read_bytes() for path in files}
    return at_desk(
        store, lambda desk: _imported(desk.import_files(round_id, contents, seen), "imported")
    )


def _imported(view: ImportView, key: str) -> Answer:
    rows = [(e.application, e.kind, e.column, e.before, e.after) for e in view.changes[:50]]
    changed = table(("application", "change", "column", "before", "after"), rows)
    told = counted(view.changes)
    text = say(f"cli.office.{key}", applications=view.check.applications, **told)
    return Answer(
        (Text(text), *((changed,) if rows else ()), *problem_blocks(view.check.problems)),
        plain_data({"import": view}),
    )


def undo(store: str | None, round_id: str, seen: int | None) -> Answer:
    """Go back to the files before the last import."""
    text = say("cli.office.undone")
    return at_desk(store, lambda desk: round_answer(text, desk.undo_import(round_id, seen)))


def fix(
    store: str | None,
    round_id: str,
    cell: tuple[str, str, int | None],
    change: tuple[str, str],
    reason: str,
    seen: int | None,
) -> Answer:
    """Correct one cell of the applications."""
    application, column, row = cell
    return at_desk(
        store,
        lambda desk: _imported(
            desk.fix(round_id, application, column, *change, reason, seen, row), "fixed"
        ),
    )


def check_round(store: str | None, round_id: str, seen: int | None) -> Answer:
    """Check a round."""
    return at_desk(store, lambda desk: _checked(desk.check(round_id, seen)))


def _checked(view: CheckView) -> Answer:
    key = "ready" if view.can_run else "not-ready"
    text = say(
        f"cli.office.check.{key}",
        applications=view.applications,
        eligible=view.eligible,
        ineligible=len(view.ineligible),
    )
    rows = [(e.application, " ".join(words for _, words, _ in e.findings)) for e in view.ineligible]
    refused = (Heading(say("cli.check.ineligible")), table(("application", "why"), rows))
    return Answer(
        (*problem_blocks(view.problems), *(refused if rows else ()), Text(text)),
        plain_data({"check": view}),
        Exit.REFUSED if has_errors(view.problems) or not view.can_run else Exit.DONE,
    )


def policy_save(store: str | None, file: Path, reason: str, based_on: str | None) -> Answer:
    """Keep a policy as a new version."""
    text = file.read_text(encoding="utf-8")

    def save(desk: Desk) -> Answer:
        view = desk.save_policy(text, reason, based_on)
        return done(say("cli.office.policy", number=view.number, title=view.title), policy=view)

    return at_desk(store, save)


def policy_list(store: str | None) -> Answer:
    """List every version of every policy."""

    def look(desk: Desk) -> Answer:
        found = desk.policies()
        rows = [(e.id, e.title, e.author, f"{e.at:%Y-%m-%d}", e.reason) for e in found]
        words = ("number", "title", "by", "at", "reason")
        return Answer((table(words, rows),), plain_data({"policies": found}))

    return at_desk(store, look)


def policy_set(
    store: str | None, round_id: str, policy: str, reason: str, seen: int | None
) -> Answer:
    """Choose the policy of a round."""
    text = say("cli.office.policy-set")
    return at_desk(
        store, lambda desk: round_answer(text, desk.set_policy(round_id, policy, reason, seen))
    )


def run(store: str | None, round_id: str, time_limit: float | None) -> Answer:
    """Allocate a round."""

    def allocate(desk: Desk) -> Answer:
        with interruptible() as stop, shown_progress() as progress:
            view = desk.run(
                round_id,
                time_limit=time_limit,
                progress=progress,
                cancel=stop.is_set,
                processes=cpu_count() or 1,
            )
        if view.status == CANCELLED:
            text = say("cli.office.cancelled", run=view.id, status=view.status)
            return Answer((Text(text),), plain_data({"run": view}), Exit.NOT_FINAL)
        final = view.status == "done"
        text = say(
            f"cli.office.run.{'done' if final else 'not-final'}",
            run=view.id,
            awarded=view.summary.get("awarded", "–"),
            fingerprint=view.fingerprint,
        )
        code = Exit.DONE if final else Exit.NOT_FINAL
        return Answer((Text(text),), plain_data({"run": view}), code)

    return at_desk(store, allocate)


def cancel(store: str | None, run_id: str) -> Answer:
    """Stop a run and keep the best found, or end one whose process is gone."""

    def stop(desk: Desk) -> Answer:
        view = _stopped(desk, run_id)
        if view.status in UNDER_WAY:
            return done(say("cli.office.stopping", run=run_id), run=view)
        return done(say("cli.office.cancelled", run=run_id, status=view.status), run=view)

    return at_desk(store, stop)


def _stopped(desk: Desk, run_id: str) -> RunView:
    """Stop a run; where files cannot be locked, nothing can be known of its process."""
    if sys.platform == "win32":
        return desk.cancel_run(run_id)
    from allocator.office import jobs

    return jobs.stop(desk, run_id)


def export(store: str | None, run_id: str, out: Path) -> Answer:
    """Write the files of a run into a folder."""

    def write(desk: Desk) -> Answer:
        files = desk.outputs(run_id)
        with published(out) as aside:
            for name, content in files.items():
                (aside / name).write_bytes(content)
        paths = tuple(out / name for name in files)
        return Answer(file_blocks(paths), {"files": [str(each) for each in paths]})

    return at_desk(store, write)


def override(
    store: str | None,
    round_id: str,
    application: str,
    decision: str,
    reason: str,
    package: str | None,
    seen: int | None,
) -> Answer:
    """Override a decision."""

    def decide(desk: Desk) -> Answer:
        words = decision.replace("-", " ")
        view = desk.override(round_id, application, words, reason, package=package, seen=seen)
        text = say("cli.office.overridden", application=application, decision=words, id=view.id)
        return done(text, override=view)

    return at_desk(store, decide)


def take_back(store: str | None, override_id: str, reason: str, seen: int | None) -> Answer:
    """Take an override back."""

    def withdraw(desk: Desk) -> Answer:
        view = desk.withdraw_override(override_id, reason, seen)
        return done(say("cli.office.taken-back", application=view.application), override=view)

    return at_desk(store, withdraw)


def price(store: str | None, round_id: str) -> Answer:
    """Say what the overrides of a round cost."""

    def look(desk: Desk) -> Answer:
        found: Any = desk.price(round_id)
        return Answer((Text("\n".join(found.sentences())),), {"price": found.as_json()})

    return at_desk(store, look)


def note(
    store: str | None, round_id: str, application: str, text: str, attached: list[Path]
) -> Answer:
    """Write a note on an application."""
    files = [(path.name, path.read_bytes()) for path in attached]

    def write(desk: Desk) -> Answer:
        view = desk.note(round_id, application, text, files)
        return done(say("cli.office.noted", application=application), note=view)

    return at_desk(store, write)
