"""Files that are brought in: what cannot be read replaces nothing, and what changed is said so."""

import pytest

from allocator.errors import AllocatorError
from allocator.office.desk_changes import counted
from tests.office.desk_kit import HEADERS, Office, tiny

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.mark.parametrize("name", ["applications.xlsx", "applications.csv", "prior_awards.csv"])
@pytest.mark.parametrize(
    ("content", "code"),
    [(PICTURE, "intake-picture"), (b"", "intake-empty"), (b"one,two\n1,2\n", "intake-no-header")],
)
def test_a_file_that_cannot_be_read_replaces_nothing(
    office: Office, name: str, content: bytes, code: str
) -> None:
    round_id = office.checked()
    before = office.olu.round(round_id)
    with pytest.raises(AllocatorError) as refused:
        office.olu.import_files(round_id, {name: content}, None)
    assert [each.code for each in refused.value.problems] == [code]
    assert office.olu.round(round_id) == before
    with pytest.raises(AllocatorError):
        office.olu.create_round({**tiny("two"), "applications.csv": content})
    assert [each.id for each in office.olu.rounds()] == [round_id]


def test_a_file_whose_rows_have_problems_is_kept(office: Office) -> None:
    round_id = office.checked()
    view = office.olu.import_files(
        round_id,
        {"applications.csv": tiny()["applications.csv"].replace(b"Kenya", b"Nowhere")},
        None,
    )
    assert not view.check.can_run
    assert counted(view.changes) == {"added": 0, "gone": 0, "cells": 1}


def test_after_a_file_without_rows_every_row_is_new(office: Office) -> None:
    round_id = office.checked()
    whole = tiny()["applications.csv"]
    emptied = office.olu.import_files(round_id, {"applications.csv": HEADERS.encode()}, None)
    assert counted(emptied.changes) == {"added": 0, "gone": 6, "cells": 0}
    filled = office.olu.import_files(round_id, {"applications.csv": whole}, None)
    assert counted(filled.changes) == {"added": 6, "gone": 0, "cells": 0}


def test_another_spelling_of_a_header_is_no_change(office: Office) -> None:
    round_id = office.checked()
    other = tiny()["applications.csv"].replace(b"application_id,", b"Application ID,", 1)
    other = other.replace(b",family_name,", b",Family name,", 1)
    assert office.olu.import_files(round_id, {"applications.csv": other}, None).changes == ()


def test_who_came_and_went_is_named_to_those_who_may_see_it(office: Office) -> None:
    round_id = office.checked()
    lines = tiny()["applications.csv"].splitlines(keepends=True)
    office.olu.import_files(round_id, {"applications.csv": b"".join(lines[:-1])}, None)
    (gone,) = office.olu.changes_of(round_id).changes
    assert (gone.kind, gone.administration, gone.person) == (
        "removed",
        "Zambia",
        "GivenP6 FamilyP6",
    )
    (gone,) = office.ana.changes_of(round_id).changes
    assert (gone.administration, gone.person) == ("Zambia", "")


def test_the_same_file_again_does_not_hide_what_changed_last(office: Office) -> None:
    round_id = office.checked()
    changed = {"applications.csv": tiny()["applications.csv"].replace(b"Kenya", b"Mali")}
    office.olu.import_files(round_id, changed, None)
    before = office.olu.changes_of(round_id)
    assert not before.again and len(before.changes) == 1
    assert office.olu.import_files(round_id, changed, None).changes == ()
    after = office.olu.changes_of(round_id)
    assert after.again and (after.changes, after.at) == (before.changes, before.at)
