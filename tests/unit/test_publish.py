"""Results appear whole or not at all, and nothing of anybody else's is lost."""

from pathlib import Path

import pytest

from allocator.commands.publish import published
from allocator.errors import AllocatorError


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_results_appear_under_their_name_and_nothing_else_stays(tmp_path: Path) -> None:
    with published(tmp_path / "deep" / "out") as aside:
        (aside / "decisions.csv").write_text("new")
        assert not (tmp_path / "deep" / "out").exists()
    assert (tmp_path / "deep" / "out" / "decisions.csv").read_text() == "new"
    assert names(tmp_path / "deep") == ["out"]


def test_earlier_results_are_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "decisions.csv").write_text("old")
    (out / "report.html").write_text("old")
    with published(out) as aside:
        (aside / "decisions.csv").write_text("new")
    assert names(out) == ["decisions.csv"]
    assert names(tmp_path) == ["out"]


def test_a_mark_of_an_earlier_run_does_not_outlive_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "decisions.csv").write_text("old")
    (tmp_path / "NOT-FINAL.txt").write_text("old")
    monkeypatch.chdir(tmp_path)
    with published(tmp_path) as aside:
        (aside / "decisions.csv").write_text("new")
    assert names(tmp_path) == ["decisions.csv"]


def test_a_failure_leaves_the_earlier_results_and_no_trace(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "decisions.csv").write_text("old")
    with pytest.raises(RuntimeError), published(out) as aside:
        (aside / "decisions.csv").write_text("half")
        raise RuntimeError
    assert (out / "decisions.csv").read_text() == "old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("foreign", ["notes.txt", "record.zip/x", ".hidden"])
def test_a_folder_with_anything_else_is_refused_before_any_work(
    tmp_path: Path, foreign: str
) -> None:
    out = tmp_path / "out"
    (out / foreign).parent.mkdir(parents=True)
    (out / foreign).write_text("mine")
    (out / "decisions.csv").write_text("old")
    with pytest.raises(AllocatorError) as refusal, published(out):
        pytest.fail("the work must not begin")
    assert refusal.value.code == "cli-out-not-ours"
    assert (out / foreign).read_text() == "mine"
    assert names(tmp_path) == ["out"]


def test_a_file_put_there_meanwhile_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(AllocatorError), published(out) as aside:
        (aside / "decisions.csv").write_text("new")
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    assert names(out) == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(AllocatorError) as refusal, published(tmp_path / "out"):
        pytest.fail("the work must not begin")
    assert refusal.value.code == "cli-out-is-file"


def test_a_folder_somebody_works_in_stays_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with published(Path()) as aside:
        (aside / "decisions.csv").write_text("new")
    assert Path("decisions.csv").read_text() == "new"
