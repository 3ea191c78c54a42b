"""What the program keeps in memory of what it read and worked out: bounded, and gone on demand.

A result of ten thousand applications takes a second to read and a hundred megabytes to keep, and
ten people look at it at once. So a question is answered once for all who ask it meanwhile, and
kept until there is no more room. What belongs in a key is everything the answer depends on, what
the person may see included. When somebody is erased, everything is forgotten.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

ROOM = 600_000
"""Kilobytes that are kept at most, as estimated; the answer asked for last always is."""

RESULT, ROUND, LIST = 12, 2, 1
"""Kilobytes for each application of a result, of a round's files as read, of a list of it."""


class _Entry:
    """One answer, or the place where it is being made."""

    __slots__ = ("lock", "made", "size", "value")

    def __init__(self) -> None:
        self.lock = Lock()
        self.made, self.size = False, 0
        self.value: Any = None


class Memory:
    """Answers by key; may be used by several threads.

    Parameters
    ----------
    room : int
        Kilobytes.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def recall[T](
        self, key: Hashable, make: Callable[[], T], size: Callable[[T], int] = lambda _: 1
    ) -> T:
        """Return the answer to a question, made if it is not known; an exception is not kept.

        Parameters
        ----------
        key : hashable
            All that the answer depends on, beginning with what is asked.
        make : callable
            Finds the answer. Others who ask the same wait for it; other questions do not.
        size : callable
            How many kilobytes an answer takes, more or less.
        """
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
        with entry.lock:
            if not entry.made:
                try:
                    entry.value = make()
                except BaseException:
                    self._drop(key, entry)
                    raise
                entry.made, entry.size = True, max(1, size(entry.value))
                self._make_room(entry)
        value: T = entry.value
        return value

    def forget(self) -> None:
        """Forget everything; what is just being made is given to those who wait and not kept."""
        with self._lock:
            self._entries.clear()

    def _drop(self, key: Hashable, entry: _Entry) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]

    def _make_room(self, newest: _Entry) -> None:
        with self._lock:
            taken = sum(each.size for each in self._entries.values())
            for key, each in list(self._entries.items()):
                if taken <= self._room:
                    return
                if each is not newest and each.made:
                    taken -= each.size
                    del self._entries[key]


MEMORY = Memory()
"""The one of this process."""
