"""What is printed is plain in a pipe, harmless always, and never fails for an encoding."""

import io
import json
import signal

import pytest

from allocator.commands import guard
from allocator.commands.answer import Answer, Heading, Problems, Table, Text
from allocator.commands.rounds import interruptible
from allocator.commands.terminal import harmless, plain_lines, show
from allocator.errors import AllocatorError, Exit, Where, problem
from allocator.model import Severity


def test_a_table_is_aligned_and_figures_stand_right() -> None:
    table = Table(("Fund", "Spent"), (("a", "1"), ("longer", "200")), frozenset({1}))
    assert list(plain_lines([table])) == ["  Fund    Spent", "  a           1", "  longer    200"]


def test_a_problem_is_one_line_that_can_be_searched() -> None:
    one = problem("cli-memory", Where("a.csv", row=3), severity=Severity.WARNING)
    (line,) = plain_lines([Problems((one,))])
    assert line.startswith("warning: a.csv, row 3: ")


def test_text_from_a_file_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in harmless("\x1b]0;owned\x07\x9b31m")
    assert "\u202e" not in harmless("abc\u202edef")
    assert harmless("Côte d'Ivoire 12\u202f000") == "Côte d'Ivoire 12\u202f000"


def test_an_encoding_without_the_sign_does_not_stop_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    show(Answer((Text("12\u202f000 \u2212 Côte"),)), "run", as_json=False)
    assert raw.getvalue() == b"12 000 - C?te\n"


def test_ctrl_c_once_asks_for_the_best_answer_and_twice_ends() -> None:
    with interruptible() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(guard.EndedOnPurpose):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (AllocatorError(problem("cli-memory")), "cli-memory", Exit.REFUSED),
        (AllocatorError(problem("cli-memory"), Exit.NOT_FINAL), "cli-memory", Exit.NOT_FINAL),
        (KeyboardInterrupt(), "cli-interrupted", Exit.NOT_FINAL),
        (guard.EndedOnPurpose(), "cli-ended", Exit.NOT_FINAL),
        (PermissionError(13, "Permission denied", "out"), "cli-file", Exit.REFUSED),
        (MemoryError(), "cli-memory", Exit.REFUSED),
        (ValueError("A Person, born somewhere"), "cli-unforeseen", Exit.REFUSED),
        (RecursionError(), "cli-unforeseen", Exit.REFUSED),
        (BaseException("a panic"), "cli-unforeseen", Exit.REFUSED),
    ],
)
def test_whatever_happens_becomes_an_answer_without_a_traceback(
    error: BaseException, code: str, expected: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    def action() -> Answer:
        raise error

    assert guard.guarded("run", action, as_json=True) == expected
    printed = capsys.readouterr()
    assert [each["code"] for each in json.loads(printed.out)["problems"]] == [code]
    assert "Person" not in printed.out
    assert printed.err == ""
    assert guard.guarded("run", action, as_json=False) == expected
    assert "Traceback" not in capsys.readouterr().err


def test_debugging_shows_where_an_unforeseen_failure_arose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(guard.DEBUG, "1")

    def action() -> Answer:
        raise ValueError("here")

    guard.guarded("run", action, as_json=False)
    assert "Traceback" in capsys.readouterr().err


def test_a_reference_names_the_place_in_the_program_and_nothing_of_the_data() -> None:
    try:
        problem("no-such-problem", value="A Person")
    except KeyError as error:
        reference = guard.reference(error)
    assert reference.startswith("0.1.0/texts/__init__:")
    assert reference.endswith("/KeyError")


def test_a_heading_is_set_apart_from_what_stands_before_it() -> None:
    assert list(plain_lines([Heading("a"), Text("b"), Heading("c")])) == ["a", "b", "", "c"]


def test_an_output_that_cannot_be_written_is_told_on_the_other_stream(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    monkeypatch.setattr(guard, "_forget_standard_output", lambda: None)
    assert guard.guarded("check", lambda: Answer((Text("a"),)), as_json=False) == Exit.REFUSED
    assert "No space left" in capsys.readouterr().err
