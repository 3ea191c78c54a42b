"""A round with a file made to break the program is refused in words, soon, and left as it was."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from allocator import cli
from allocator.policy import policy_bytes
from tests.unit.test_hostile_files import CORPUS
from tools.make_samples import SAMPLES

SECONDS = 3.0
"""Of the processor, children included. Aim: one; the rest is for slow machines."""
ROUND = (SAMPLES / "one-meeting" / "round.yaml").read_text(encoding="utf-8")
POLICY = policy_bytes("itu-t-2024")[0].decode()

LAUGHS = "a: &a [x, x, x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [*{chr(97 + at)}, *{chr(97 + at)}]\n" for at in range(20)
)
YAML: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "yaml-empty"),
    "only a comment": ("# nothing\n", "yaml-empty"),
    "an alias bomb": (LAUGHS, "yaml-anchor"),
    "an alias": ("a: *b\n", "yaml-alias"),
    "a tag that runs a program": ("!!python/object/apply:os.system ['true']", "yaml-tag"),
    "binary": (bytes(range(1, 256)) * 20, "yaml-not-utf8"),
    "zeros": (bytes(100_000), "yaml-control-character"),
    "UTF-16": (ROUND.encode("utf-16"), "yaml-not-utf8"),
    "half a surrogate pair": (b"a: \xed\xa0\x80", "yaml-not-utf8"),
    "huge": ("a: " + "x" * 5_000_000, "yaml-too-big"),
    "deep": ("[" * 100_000, "yaml-too-deep"),
    "deep by indentation": ("".join(f"{' ' * at}a:\n" for at in range(200)), "yaml-too-deep"),
    "a hundred thousand keys": (
        "".join(f"k{n}: 1\n" for n in range(99_999)),
        "yaml-too-many-values",
    ),
    "two documents": ("a: 1\n---\na: 1\n", "yaml-many-documents"),
    "a key twice": ("id: a\nid: b\n", "yaml-duplicate-key"),
    "a list": ("- a\n- b\n", "field-not-mapping"),
    "a number": ("42", "field-not-mapping"),
    "tabs": ("a:\n\t- b\n", "yaml-syntax"),
    "a bracket left open": ("a: [1, 2\nb: 3\n", "yaml-syntax"),
    "a quotation mark left open": ("a: 'b\n", "yaml-syntax"),
    "a merge key": ("<<: {a: 1}\n", "field-unknown"),
    "a key that is a list": ("? [a]\n: b\n", "yaml-bad-key"),
}
VALUES = {
    "a budget of 10^12": ("amount: 120000", "amount: 1000000000000", "field-too-large"),
    "a negative budget": ("amount: 120000", "amount: -1", "field-negative"),
    "a budget that is no number": ("amount: 120000", "amount: .nan", "field-wrong"),
    "an endless budget": ("amount: 120000", "amount: .inf", "field-wrong"),
    "a budget in powers": ("amount: 120000", "amount: 1e9", "field-wrong"),
    "a meeting in 1900": ("starts: 2025-09-15", "starts: 1900-01-01", "round-date-absurd"),
    "a decision in 1900": ("decision_date: 2025", "decision_date: 1900", "round-date-absurd"),
    "a meeting on no day": ("starts: 2025-09-15", "starts: 2025-02-30", "field-wrong"),
    "a policy outside": ("policy: itu-t-2024", "policy: ../../etc/passwd", "round-outside"),
    "another policy outside": ("policy: itu-t-2024", "policy: /etc/passwd.yaml", "round-outside"),
}
FILES = ("empty", "picture", "PDF", "macros", "password", "bomb", "one far cell", "entities")

type Broken = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a round to break; afterwards nothing new may be in it or among temporary files."""
    aside = tmp_path / "temporary"
    aside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(aside))
    monkeypatch.setenv("TMPDIR", str(aside))
    folder = Path(shutil.copytree(SAMPLES / "one-meeting", tmp_path / "round"))
    yield folder
    assert list(aside.iterdir()) == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["round", "temporary"]
    assert not (folder / "out").exists()


def put(file: Path, content: str | bytes) -> None:
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def codes(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Carry out a command that must be refused, and return the codes of the problems."""
    start = sum(os.times()[:4])
    with pytest.raises(SystemExit) as left:
        cli.main([command, str(folder), "--json"])
    assert left.value.code == 1
    assert sum(os.times()[:4]) - start < SECONDS
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert all(each["what"] and each["do"] for each in problems)
    return [each["code"] for each in problems if each["severity"] == "error"]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("name", YAML)
def test_a_hostile_round_file_is_refused(
    name: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, code = YAML[name]
    put(folder / "round.yaml", content)
    assert code in codes(command, folder, capsys)


@pytest.mark.parametrize("name", YAML)
def test_a_hostile_policy_is_refused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, code = YAML[name]
    put(folder / "policy.yaml", content)
    put(folder / "round.yaml", ROUND.replace("policy: itu-t-2024", "policy: policy.yaml"))
    assert code in codes("run", folder, capsys)


@pytest.mark.parametrize("name", VALUES)
def test_absurd_facts_of_a_round_are_refused(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after, code = VALUES[name]
    assert before in ROUND
    put(folder / "round.yaml", ROUND.replace(before, after))
    assert code in codes("run", folder, capsys)


@pytest.mark.parametrize("what", ["a folder", "a pipe", "a link to itself", "an endless device"])
@pytest.mark.parametrize("name", ["round.yaml", "applications.csv", "prior_awards.csv"])
def test_what_is_no_file_is_not_opened(
    name: str, what: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).unlink(missing_ok=True)
    make: dict[str, Broken] = {
        "a folder": lambda path: path.mkdir(),
        "a pipe": os.mkfifo,
        "a link to itself": lambda path: path.symlink_to(path.name),
        "an endless device": lambda path: path.symlink_to("/dev/zero"),
    }
    make[what](folder / name)
    if name == "prior_awards.csv" and what == "a link to itself":
        return  # as good as no file, and no file is fine
    assert codes("run", folder, capsys)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_applications_file_ends_the_real_command(name: str, folder: Path) -> None:
    (folder / "applications.csv").unlink()
    put(folder / "applications.xlsx", CORPUS[name][0]())
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "allocator", "run", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert time.perf_counter() - start < 10 * SECONDS
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: applications.xlsx")
    assert "Traceback" not in ended.stderr


def test_three_hundred_columns_are_read_and_one_more_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "applications.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    more = 300 - len(lines[0].split(","))
    wide = [f"{lines[0]},{','.join(f'x{n}' for n in range(more))}", lines[2] + "," * more]
    put(file, "\n".join(wide))
    with pytest.raises(SystemExit) as left:
        cli.main(["check", str(folder)])
    assert left.value.code == 0
    capsys.readouterr()
    put(file, "\n".join((wide[0] + ",y", wide[1] + ",")))
    assert codes("check", folder, capsys) == ["intake-columns"]
