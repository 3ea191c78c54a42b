"""The command line end to end: samples, exit codes, JSON, and words instead of tracebacks."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from allocator import cli
from allocator.cli_reference import commands
from allocator.texts import say
from tests.records import tiny_round
from tools.make_samples import SAMPLES

README = Path(__file__).parent.parent.parent / "README.md"
FILES = ["decisions.csv", "decisions.xlsx", "record.zip", "report.html"]


class Finished:
    """What a command left: exit code, standard output, error output."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.out)
        assert data["exit_code"] == self.code
        return data


class Allocator:
    """Runs the command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str | Path) -> Finished:
        with pytest.raises(SystemExit) as left:
            cli.main([str(each) for each in arguments])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Finished(int(left.value.code or 0), printed.out, printed.err)


@pytest.fixture
def allocator(capsys: pytest.CaptureFixture[str]) -> Allocator:
    return Allocator(capsys)


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """Return a copy of the one-meeting sample."""
    return Path(shutil.copytree(SAMPLES / "one-meeting", tmp_path / "meeting"))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def replace(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_demo_shows_a_newcomer_the_result_and_what_to_do_next_as_the_readme_does(
    allocator: Allocator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = allocator("demo")
    assert done.code == 0
    assert done.err == ""
    for expected in ("62 applications", "Women", "proven", "report.html", "allocator new"):
        assert expected in done.out
    assert names(tmp_path / "demo" / "out") == FILES
    printed = done.out.replace("\u202f", " ")
    shown = README.read_text(encoding="utf-8").split("and ends with:\n\n```\n")[1].split("```")[0]
    assert shown in printed


def test_demo_runs_again_with_what_was_changed(allocator: Allocator, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = allocator("demo", folder, "--json").json
    replace(folder / "round.yaml", "amount: 120000", "amount: 60000")
    again = allocator("demo", folder, "--json").json
    assert 0 < again["awarded"] < first["awarded"]
    assert names(folder) == ["applications.csv", "out", "round.yaml"]


def test_demo_refuses_a_folder_with_other_things(allocator: Allocator, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert allocator("demo", tmp_path).code == 1
    assert names(tmp_path) == ["mine.txt"]


def test_run_writes_the_four_files_and_the_decisions_agree(
    allocator: Allocator, meeting: Path
) -> None:
    data = allocator("run", meeting, "--json").json
    assert data["status"] == "optimal"
    assert names(meeting / "out") == FILES
    text = (meeting / "out" / "decisions.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["application_id"] for row in rows] == sorted(row["application_id"] for row in rows)
    decided = {row["application_id"]: row["decision"] for row in rows}
    assert decided == {each["application_id"]: each["decision"] for each in data["decisions"]}
    assert data["applications"] == len(rows) == 62


def test_where_nothing_can_be_awarded_the_reason_is_said(
    allocator: Allocator, meeting: Path
) -> None:
    replace(meeting / "round.yaml", "amount: 120000", "amount: 0")
    assert "nothing that is asked for can be paid" in allocator("run", meeting).out
    applications = meeting / "applications.csv"
    lines = applications.read_text(encoding="utf-8").splitlines(keepends=True)
    applications.write_text("".join(lines[:2]), encoding="utf-8")  # A0001 is not eligible
    assert "no application can be considered" in allocator("run", meeting).out


def test_run_again_gives_the_same_bytes(allocator: Allocator) -> None:
    with tiny_round() as folder:
        allocator("run", folder)
        first = {name: (folder / "out" / name).read_bytes() for name in FILES}
        allocator("run", folder, "--out", folder / "elsewhere")
        assert {name: (folder / "elsewhere" / name).read_bytes() for name in FILES} == first


def test_run_refuses_to_replace_what_is_not_its_own(allocator: Allocator, meeting: Path) -> None:
    done = allocator("run", meeting, "--out", meeting)
    assert done.code == 1
    assert names(meeting) == ["applications.csv", "round.yaml"]
    assert "--out" in done.err


def test_run_with_another_policy_says_so(allocator: Allocator, meeting: Path) -> None:
    assert allocator("run", meeting, "-p", "merit-only", "--json").json["policy"] == "merit-only"


def test_check_names_who_is_ineligible_and_every_warning(
    allocator: Allocator, meeting: Path
) -> None:
    data = allocator("check", meeting, "--json").json
    assert data["exit_code"] == 0
    assert data["eligible"] + len(data["ineligible"]) == data["applications"] == 62
    assert all(each["findings"] for each in data["ineligible"])
    rules = {finding["rule"] for each in data["ineligible"] for finding in each["findings"]}
    assert len(rules) >= 3
    assert {each["severity"] for each in data["problems"]} <= {"warning", "note"}
    assert names(meeting) == ["applications.csv", "round.yaml"]


def test_the_year_sample_is_fit_to_run(allocator: Allocator) -> None:
    data = allocator("check", SAMPLES / "year", "--json").json
    assert data["applications"] == 400
    assert data["eligible"] > 250


def test_an_input_that_does_not_permit_it_is_refused_with_every_problem(
    allocator: Allocator, meeting: Path
) -> None:
    replace(meeting / "applications.csv", "A0001,", "A0002,")
    replace(meeting / "applications.csv", ",full,", ",everything,")
    for command in ("check", "run"):
        done = allocator(command, meeting, "--json")
        assert done.code == 1
        problems = done.json["problems"]
        assert len([each for each in problems if each["severity"] == "error"]) >= 3
        assert all(each["what"] and each["do"] for each in problems)
        assert allocator(command, meeting).out == ""
    assert names(meeting) == ["applications.csv", "round.yaml"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "round.yaml").unlink(),
        lambda folder: (folder / "applications.csv").unlink(),
        lambda folder: (folder / "round.yaml").write_bytes(b"\x00\xff\xfe"),
        lambda folder: (folder / "round.yaml").write_text("a: &a [*a, *a]"),
        lambda folder: (folder / "round.yaml").write_text("- just\n- a list"),
        lambda folder: (folder / "applications.csv").write_bytes(b""),
        lambda folder: (folder / "applications.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00"),
        lambda folder: replace(folder / "round.yaml", "itu-t-2024", "no-such-policy"),
        lambda folder: replace(folder / "round.yaml", "120000", "-5"),
        lambda folder: replace(folder / "round.yaml", "120000", ".nan"),
    ],
)
def test_no_broken_input_ends_in_a_traceback(
    allocator: Allocator, meeting: Path, spoil: Any
) -> None:
    spoil(meeting)
    done = allocator("run", meeting, "--json")
    assert done.code == 1
    assert done.json["problems"]
    assert done.err == ""
    assert not (meeting / "out").exists()


def test_wrong_usage_is_told_from_a_wrong_input(allocator: Allocator) -> None:
    for arguments in (["rum"], ["run"], ["run", "x", "--time-limit", "-1"], ["check", "x", "--y"]):
        done = allocator(*arguments, "--json")
        assert done.code == 2
        assert done.json["usage"]
        assert done.err
    assert allocator().code == 2
    assert allocator("--version").code == 0


def test_a_new_round_with_examples_can_be_checked_and_run_at_once(
    allocator: Allocator, tmp_path: Path
) -> None:
    folder = tmp_path / "sg13 2027"
    data = allocator("new", folder, "--sample", "--title", "It's a test: #1", "--json").json
    assert names(folder) == ["applications.xlsx", "policy.yaml", "round.yaml"]
    assert data["round"] == "sg13-2027"
    checked = allocator("check", folder, "--json").json
    assert checked["applications"] == 8
    ran = allocator("run", folder)
    assert ran.code == 0
    assert ran.out.startswith("It's a test: #1")


def test_a_new_round_without_entries_says_that_there_are_no_applications_yet(
    allocator: Allocator, tmp_path: Path
) -> None:
    allocator("new", tmp_path / "round")
    done = allocator("check", tmp_path / "round", "--json")
    assert done.code == 1
    errors = [each["code"] for each in done.json["problems"] if each["severity"] == "error"]
    assert errors == ["intake-no-rows"]


def test_new_leaves_a_folder_with_anything_in_it_alone(allocator: Allocator, meeting: Path) -> None:
    assert allocator("new", meeting).code == 1
    assert names(meeting) == ["applications.csv", "round.yaml"]


def test_policies_are_checked_shown_and_compared(allocator: Allocator, tmp_path: Path) -> None:
    assert allocator("policy", "check", "itu-t-2024", "--json").json["problems"] == []
    assert "merit" in allocator("policy", "show", "itu-t-2024").out
    assert allocator("policy", "diff", "itu-t-2024", "merit-only", "--json").json["changes"]
    assert allocator("policy", "diff", "itu-t-2024", "itu-t-2024", "--json").json["changes"] == []
    assert json.loads(allocator("policy", "schema").out)["properties"]
    (tmp_path / "p.yaml").write_text("policy: {title: [}")
    broken = allocator("policy", "check", tmp_path / "p.yaml", "--json")
    assert broken.code == 1
    assert broken.json["problems"][0]["line"] == 1


def test_every_command_answers_in_json(
    allocator: Allocator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOCATOR_DATABASE_URL", str(tmp_path / "office.db"))
    (tmp_path / "file").write_text("No folder can be made in it.")
    nowhere = str(tmp_path / "file" / "nowhere")
    for name, _, command in commands():
        if name == "serve":  # it answers in a browser, for as long as it runs
            continue
        places = [nowhere for each in command.params if each.param_type_name == "argument"]
        for each in command.params:
            if each.param_type_name == "option" and each.required:
                places += [each.opts[0], nowhere]
        done = allocator(*name.split(), *places, "--json")
        assert done.json["command"] == name
        assert done.err == ""


def test_a_number_that_is_none_is_refused_in_plain_words(allocator: Allocator) -> None:
    done = allocator("run", "nowhere", "--time-limit", "abc")
    assert done.code == 2
    assert say("cli.not-a-number") in done.err and "parse" not in done.err


def test_ctrl_c_before_the_program_is_ready_ends_it_quietly() -> None:
    program = (
        "import allocator.cli, allocator.__main__ as door\n"
        "def interrupted(): raise KeyboardInterrupt\n"
        "allocator.cli.main = interrupted\n"
        "door.start()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout) == (3, b"")
    assert ended.stderr.decode().splitlines() == [say("cli.stopped-early")]


@pytest.mark.parametrize("seconds", [0.1, 2.5, 8])
def test_ctrl_c_takes_the_best_known_answer_or_leaves_nothing(
    meeting: Path, seconds: float
) -> None:
    shutil.copytree(SAMPLES / "year", meeting / "year")
    door = "from allocator.__main__ import start; print('up', flush=True); start()"
    started = subprocess.Popen(
        [sys.executable, "-c", door, "run", str(meeting / "year"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"up\n"  # before that, Ctrl-C is Python's own affair
    time.sleep(seconds)
    started.send_signal(signal.SIGINT)
    out, err = (each.decode() for each in started.communicate(timeout=120))
    assert "Traceback" not in err
    assert started.returncode in (0, 3)
    written = (meeting / "year" / "out").exists()
    if not out:  # on a busy machine it may not have begun yet
        assert not written and "before it had begun" in err
        return
    data = json.loads(out)
    assert written == ("status" in data)
    if written:
        assert (data["status"] == "optimal") == (started.returncode == 0)
    assert not [each for each in names(meeting / "year") if each.startswith(".")]


def test_ctrl_c_while_the_answer_is_written_does_not_cut_it(meeting: Path) -> None:
    command = [sys.executable, "-m", "allocator", "policy", "schema"]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
    assert started.stdout is not None
    begun = started.stdout.read(1)  # it writes more than a pipe holds, and nobody reads on
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=120)
    assert started.returncode == 0
    assert json.loads(begun + out)["$defs"]


def test_out_of_time_the_best_known_answer_is_written_and_marked(
    allocator: Allocator, meeting: Path
) -> None:
    done = allocator("run", meeting, "--time-limit", "0.0001")
    assert done.code == 3
    assert "NOT FINAL" in done.out
    assert names(meeting / "out") == ["NOT-FINAL.txt", *FILES]
    assert "NOT FINAL" in (meeting / "out" / "NOT-FINAL.txt").read_text(encoding="utf-8")
    assert (
        allocator("run", meeting, "--time-limit", "0.0001", "--json").json["status"] == "not final"
    )
