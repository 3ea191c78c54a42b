"""Hold a file that was made for a download until the browser has fetched it.

Streamlit puts such a file away at the second run of any session's script after it was made. The
panel of runs is one each second and session, so a slow browser, or a busy office, would find it
gone.
"""

from itertools import count
from threading import Lock, Timer

from streamlit import runtime

HELD_FOR = 60.0
"""Seconds after the last download until what was made is let go."""

MOST = 16
"""So many files are held at once, the newest."""

_LOCK = Lock()
_places = count()
_timers: list[Timer] = []
_NOBODY = "dontcare"
"""The session Streamlit counts a file to that is made outside of any script."""


def held(content: bytes, file_name: str, mime: str) -> bytes:
    """Return the content of a file that is being made, held for a while."""
    if runtime.exists():
        manager = runtime.get_instance().media_file_mgr
        with _LOCK:
            place = f"download-{next(_places) % MOST}"
            manager.add(content, mime, place, file_name, is_for_static_download=True)
            while _timers:
                _timers.pop().cancel()
            _timers.append(Timer(HELD_FOR, manager.clear_session_refs, (_NOBODY,)))
            _timers[0].daemon = True
            _timers[0].start()
    return content
