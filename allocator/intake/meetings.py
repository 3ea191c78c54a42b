"""The name of a meeting, as written in a row, becomes the meeting's id."""

import difflib
import re
from collections.abc import Callable, Sequence

from allocator.intake.folding import fold_header, plain
from allocator.intake.values import Unreadable
from allocator.model import Meeting

_STUDY_GROUP = re.compile(
    r"^(?:itut)?(?:sg|studygroup|commissiondetudes?|comisiondeestudio|ce)(?=\d)"
)


def meeting_finder(meetings: Sequence[Meeting]) -> Callable[[str], str]:
    """Return a reader of meetings: by id, else title, else study group, loosely.

    A blank cell means the only meeting of a round that has one. The reader raises ``Unreadable``
    for a name that no meeting has, or several.
    """
    by_id = _keyed(meetings, lambda meeting: (meeting.id,))
    by_other = _keyed(meetings, lambda meeting: (meeting.title, meeting.study_group))
    existing = ", ".join(sorted(meeting.id for meeting in meetings))

    def find(text: str) -> str:
        if not text and len(meetings) == 1:
            return meetings[0].id
        if not text:
            raise Unreadable("intake-meeting-blank", meetings=existing)
        key = _key(text)
        found = by_id.get(key) or by_other.get(key) or []
        if len(found) == 1:
            return found[0]
        if found:
            raise Unreadable("intake-meeting-several", meetings=", ".join(sorted(found)))
        near = difflib.get_close_matches(key[:80], sorted({**by_id, **by_other}), 1, 0.6)
        likely = (by_id.get(near[0]) or by_other[near[0]])[0] if near else ""
        code = "intake-meeting-near" if likely else "intake-meeting"
        raise Unreadable(code, meetings=existing, likely=likely)

    return find


def _key(text: str) -> str:
    return _STUDY_GROUP.sub("sg", fold_header(plain(text)))


def _keyed(
    meetings: Sequence[Meeting], names: Callable[[Meeting], tuple[str, ...]]
) -> dict[str, list[str]]:
    keyed: dict[str, list[str]] = {}
    for meeting in meetings:
        for key in sorted({_key(name) for name in names(meeting) if name}):
            keyed.setdefault(key, []).append(meeting.id)
    return keyed
