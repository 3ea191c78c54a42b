"""The desk: the one face of the office, for the command line and the workbench alike.

Every public method is one command. It asks whether the person may give it (``roles.permit``), is
one transaction in which the change and the event that tells it are kept together, and refuses in
coded problems. ``seen`` is the version of the round (or of the override, or the account) that the
person was looking at: a stale one is refused, saying what changed meanwhile and by whom.
"""

from allocator.office.desk_admin import Administration
from allocator.office.desk_changes import Changes
from allocator.office.desk_corrections import Corrections
from allocator.office.desk_erase import Erasing
from allocator.office.desk_runs import OverrideDraft
from allocator.office.identity import Identity
from allocator.office.store import Store

__all__ = ["Desk", "OverrideDraft", "open_desk"]


class Desk(Corrections, Administration, Erasing, Changes):
    """A person at the desk of a store; make one with ``open_desk``."""


def open_desk(store: Store, identity: Identity) -> Desk:
    """Return the desk of a store for a person, whose roles are read at every command.

    Parameters
    ----------
    store : Store
        An open store.
    identity : Identity
        Who is asking.
    """
    return Desk(store, identity)
