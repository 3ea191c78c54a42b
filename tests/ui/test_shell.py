"""The frame without a browser: who sees what, what is said, and that data stays data."""

from io import BytesIO
from types import SimpleNamespace

import openpyxl
import pytest

from allocator.commands.serve import serve
from allocator.errors import AllocatorError, problem
from allocator.office.roles import Role, may
from allocator.texts import say
from allocator.ui import guide, server, session
from allocator.ui.formats import safe
from allocator.ui.navigation import all_pages, title_of
from allocator.ui.server import _page_names, content_policy, for_the_lost, known_host, settings
from allocator.ui.sheets import sheet_bytes
from tests.ui.people import (
    ADMINISTRATOR,
    ANALYST,
    APPROVER,
    AUDITOR,
    NOBODY,
    OFFICER,
    PEOPLE,
    desk_of,
)

ROUND = "sg20-2025-09"


def words(test):
    """Return everything a page says in elements that people read."""
    kinds = (*("title", "header", "markdown", "caption", "error", "warning"), "success", "info")
    return "\n".join(str(each.value) for kind in kinds for each in getattr(test, kind))


@pytest.mark.parametrize("login", [OFFICER, APPROVER, AUDITOR, ANALYST, ADMINISTRATOR])
def test_every_role_sees_the_rounds_and_its_name(app, login):
    page = app(login)
    assert not page.exception
    assert page.title[0].value == "Rounds"
    assert PEOPLE[login][0] in words(page)
    assert list(page.dataframe[0].value["1"]) == ["Draft"]


@pytest.mark.office("empty")
@pytest.mark.parametrize(("login", "offered"), [(OFFICER, True), (AUDITOR, False)])
def test_an_office_without_rounds_says_what_to_do_first(app, login, offered):
    page = app(login)
    assert say("ui.rounds.empty.what") in words(page)
    assert (say("ui.rounds.new.sample-button") in [b.label for b in page.button]) is offered


@pytest.mark.office("empty")
def test_an_officer_begins_with_the_sample(app, office):
    page = app(OFFICER)
    page.button(key="new-sample").click().run()
    assert [each.id for each in desk_of(office, OFFICER).rounds()] == [ROUND]
    assert say("ui.rounds.new.sample-done") in words(page)
    assert page.query_params["round"] == ROUND


@pytest.mark.office("empty")
def test_a_newcomer_is_led_from_the_sample_to_the_next_step(app, office):
    page = app(OFFICER)
    assert say("ui.guide.done") not in words(page)
    page.button(key="new-sample").click().run()
    view = desk_of(office, OFFICER).round(ROUND)
    assert [step.name for step in guide.steps(view) if step.done] == ["begin"]
    desk_of(office, OFFICER).check(ROUND, view.summary.version)
    view = desk_of(office, OFFICER).round(ROUND)
    assert [step.name for step in guide.steps(view) if step.done] == ["begin", "check"]


def test_files_that_are_refused_say_why_and_leave_nothing(app, office):
    page = app(OFFICER)
    page.file_uploader(key="new-upload").upload("round.yaml", b"title: [")
    next(b for b in page.button if b.label == say("ui.rounds.new.files-button")).click().run()
    assert page.error
    assert len(desk_of(office, OFFICER).rounds()) == 1


@pytest.mark.office("new")
def test_without_accounts_one_person_works_under_a_banner(app):
    page = app()
    assert "Single-person mode" in page.sidebar.warning[0].value


@pytest.mark.office("new")
def test_nobody_who_signs_in_is_alone_in_an_office_without_accounts(app):
    page = app(NOBODY)
    assert say("ui.nothing-for-you.what") in words(page)
    assert [each.label for each in page.button] == [say("ui.sign-out")]


def test_somebody_without_an_account_is_told_so_and_sees_nothing(app):
    page = app(NOBODY)
    assert say("ui.nothing-for-you.what") in words(page)
    assert not page.dataframe


def test_nobody_is_let_in_before_signing_in(app):
    page = app(OFFICER)
    page.user = {"is_logged_in": False}
    page.run()
    assert page.title[0].value == say("ui.sign-in.title")
    assert not page.dataframe


def test_a_sign_in_older_than_a_working_day_must_be_renewed(app):
    page = app(OFFICER)
    page.user = {**page.user, "iat": page.user["iat"] - 13 * 3600}
    page.run()
    assert page.title[0].value == say("ui.sign-in.title")


def test_a_session_ends_when_roles_change(app, office):
    page = app(AUDITOR)
    page.session_state["kept"] = "what was seen as auditor"
    page.run()
    administrator = desk_of(office, ADMINISTRATOR)
    seen = next(a.version for a in administrator.accounts() if a.login == AUDITOR)
    administrator.set_roles(AUDITOR, (Role.ANALYST,), seen)
    page.run()
    assert "kept" not in page.session_state
    assert say("ui.roles-changed") in words(page)


def test_rights_taken_away_hold_within_an_open_page(app, office):
    page = app(OFFICER)
    administrator = desk_of(office, ADMINISTRATOR)
    seen = next(a.version for a in administrator.accounts() if a.login == OFFICER)
    administrator.deactivate(OFFICER, seen)
    page.button(key="new-sample").click().run()
    assert say("ui.nothing-for-you.what") in words(page)
    assert len(desk_of(office, AUDITOR).rounds()) == 1


def test_an_unknown_round_in_the_address_shows_one_that_exists(app):
    page = app(OFFICER, round="no-such-round")
    assert not page.exception
    assert page.dataframe


@pytest.mark.parametrize(
    ("address", "headers", "elsewhere"),
    [
        (None, {}, False),
        ("10.1.2.3", {}, True),
        (None, {"x-forwarded-for": "10.1.2.3"}, True),
    ],
)
def test_a_browser_on_another_machine_is_known_for_one(monkeypatch, address, headers, elsewhere):
    monkeypatch.setattr("streamlit.context", SimpleNamespace(ip_address=address, headers=headers))
    assert session.from_elsewhere() is elsewhere


def test_nobody_elsewhere_works_in_the_servers_name(app, monkeypatch):
    monkeypatch.setattr(session, "from_elsewhere", lambda: True)
    page = app()
    assert "nobody would have to sign in" in page.error[0].value
    assert not page.dataframe


HOSTILE = [
    "[click](https://evil.example)",
    "![x](https://evil.example/a.png)",
    "<img src=x onerror=alert(1)>",
    ":red[text] :material/home: :smile:",
    "$x^2$ `code` **bold** # head",
    "https://evil.example www.evil.example",
    "1. one\n\n    code",
    "| a | b |\n|---|---|",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_safe_text_leaves_markdown_nothing_to_read(text):
    made = safe(text)
    plain = made.replace("\u2060", "")
    assert "\n" not in made
    assert plain.replace("\\", "") == " ".join(text.split())
    special = [i for i, c in enumerate(plain) if c in "[]()<>!`*_#|$:./~"]
    assert all(plain[i - 1] == "\\" for i in special)


def test_a_table_becomes_a_workbook_without_formulas_or_links():
    rows = [["=1+1", 12345], ["https://example.org", None]]
    made = sheet_bytes("a/b", ["Text", "Money"], ["text", "money"], rows)
    sheet = openpyxl.load_workbook(BytesIO(made)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert cells == [["=1+1", 123.45], ["https://example.org", None]]
    assert [sheet["A2"].data_type, sheet["A3"].hyperlink] == ["s", None]
    assert made == sheet_bytes("a/b", ["Text", "Money"], ["text", "money"], rows)


def test_a_refusal_is_shown_without_markdown(app, monkeypatch):
    def refuse(*_):
        raise AllocatorError(problem("serve-open", value="![x](http://evil.example)"))

    monkeypatch.setattr("allocator.office.desk.Desk.create_sample", refuse)
    page = app(OFFICER)
    page.button(key="new-sample").click().run()
    assert "![x](http" not in page.error[0].value
    assert safe("![x](http://evil.example)") in page.error[0].value


def test_a_failure_shows_a_reference_and_nothing_of_the_data(app, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("Robin Sample of Kenya")

    monkeypatch.setattr("allocator.office.desk.Desk.create_sample", fail)
    page = app(OFFICER)
    page.button(key="new-sample").click().run()
    assert "ValueError" in page.error[0].value
    assert "Robin" not in page.error[0].value + caplog.text
    assert not page.exception


def test_scripts_come_from_the_server_alone():
    policy = content_policy()
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("path", "query", "instead"),
    [
        ("/", "", None),
        ("/rounds", "round=r", None),
        ("/why/", "", None),
        ("/no-page", "named=x", None),
        ("/nosuchpage", "", "/no-page?named=nosuchpage"),
        ("/nosuchpage", "round=r&run=3&evil=1", "/no-page?named=nosuchpage&round=r"),
        ("/rounds/more", "", "/no-page?named=rounds%2Fmore"),
        ("//evil.example", "", "/no-page?named=evil.example"),
        ("/a\r\nSet-Cookie: b", "", "/no-page?named=a%0D%0ASet-Cookie%3A+b"),
        ("/" + "x" * 5000, "", "/no-page?named=" + "x" * 80),
    ],
)
def test_who_asks_for_no_page_is_told_so_by_ours(path, query, instead):
    assert for_the_lost(path, query) == instead


def test_pages_have_the_addresses_that_the_server_knows():
    assert {each.name for each in all_pages()} == _page_names()


@pytest.mark.parametrize("login", [ANALYST, AUDITOR, APPROVER, OFFICER, ADMINISTRATOR])
def test_a_page_that_is_not_open_to_a_role_says_so_and_shows_nothing(app, office, login):
    actor = desk_of(office, login).me()
    closed = [each for each in all_pages() if not may(actor, each.command)]
    for each in closed:
        page = app(login, each.name, round="sg20-2025-09")
        assert not page.exception and not page.error
        assert page.title[0].value == say("ui.page-closed.title")
        assert say("ui.page-closed.what", page=title_of(each)) in words(page)
        assert not page.dataframe and not page.selectbox
        assert "Study Group" not in words(page)


def test_somebody_without_a_role_learns_nothing_of_pages(app):
    for name in ("rounds", "administration", "no-page"):
        page = app(NOBODY, name)
        assert say("ui.nothing-for-you.what") in words(page)
        assert say("ui.page-closed.title") not in [each.value for each in page.title]


def test_what_was_typed_as_a_page_is_shown_as_text(app):
    typed = "**[x](http://evil.example)**"
    page = app(OFFICER, "no-page", named=typed)
    assert page.title[0].value == say("ui.no-page.title")
    assert typed not in words(page)
    assert safe(say("ui.no-page.what", page=typed)) in words(page)


@pytest.mark.parametrize(
    ("host", "known"),
    [("localhost:8501", True), ("127.0.0.1", True), ("[::1]:8501", True), ("evil.example", False)],
)
def test_only_known_hosts_are_answered(host, known):
    from streamlit import config

    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", settings()["server.allowedHosts"])
    assert known_host(host) is known
    config.set_option("server.allowedHosts", before)


def test_the_environment_goes_before_the_shipped_settings(monkeypatch):
    assert settings()["server.maxUploadSize"] == 25
    monkeypatch.setenv("STREAMLIT_SERVER_MAX_UPLOAD_SIZE", "5")
    assert "server.maxUploadSize" not in settings()


@pytest.mark.parametrize(
    ("address", "refused"),
    [("0.0.0.0", True), ("10.1.2.3", True), ("localhost", False), ("127.0.0.2", False)],
)
def test_nothing_is_served_to_others_before_they_must_sign_in(
    office_file, monkeypatch, address, refused
):
    served = []
    monkeypatch.setattr(server, "run", lambda *asked: served.append(asked[:3]))
    try:
        serve(address, 8501, None, ())
    except AllocatorError as error:
        assert error.code == "serve-open"
    assert served == ([] if refused else [(address, 8501, ())])


def test_with_sign_in_any_address_is_served(office_file, monkeypatch, tmp_path):
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nclient_id = "x"\n')
    monkeypatch.setenv(server.SECRETS, str(secrets))
    served = []
    monkeypatch.setattr(server, "run", lambda *asked: served.append(asked[:3]))
    serve("0.0.0.0", 8501, None, ("fellowships.example.org",))
    assert served == [("0.0.0.0", 8501, ("fellowships.example.org",))]


@pytest.mark.parametrize(
    ("place", "content", "code"),
    [
        ("outside", None, "ui-secrets-missing"),
        ("outside", "[auth", "ui-secrets-unreadable"),
        ("inside", None, "ui-secrets-inside"),
    ],
)
def test_secrets_come_from_a_readable_file_outside_the_program(
    monkeypatch, tmp_path, place, content, code
):
    folder = tmp_path if place == "outside" else server.HERE
    if content is not None:
        (folder / "secrets.toml").write_text(content)
    monkeypatch.setenv(server.SECRETS, str(folder / "secrets.toml"))
    with pytest.raises(AllocatorError) as refused:
        server.secrets()
    assert refused.value.code == code


def test_both_ways_to_start_have_the_same_settings():
    root = server.HERE.parent.parent
    assert (root / ".streamlit" / "config.toml").read_bytes() == server.SETTINGS.read_bytes()
    assert "server.MAIN, **server.options()" in (root / "app.py").read_text(encoding="utf-8")
