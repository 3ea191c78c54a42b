"""A process that writes to a store and says what is kept: run by the test that kills it.

``python -m tests.office.store_writer URL NAME`` prints ``ready``, then the number of each event
once its transaction is committed, until it is killed.
"""

import os
import sys

from allocator.office.store import Event, Stale, open_store
from allocator.office.store_rows import SettingRow


def main(url: str, name: str) -> None:
    """Write one transaction after another: a file, a text, a row of its own and a shared one."""
    with open_store(url) as store:
        print("ready", flush=True)
        while True:
            try:
                with store.transaction() as unit:
                    unit.put_blob(os.urandom(3000), "import")
                    kept = unit.keep("note", "text " * 50)
                    for key in (name, "shared"):
                        row = unit.get(SettingRow, key)
                        if row is None:
                            unit.insert(SettingRow, name=key, content=1)
                        else:
                            content = row.content + 1
                            unit.update(SettingRow, key, row.version, content=content)
                    payload = {"text": kept.commitment}
                    seq = unit.append(Event("written", name, f"setting:{name}", payload)).seq
            except Stale:
                sys.exit("a row changed within a transaction")
            print(seq, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
