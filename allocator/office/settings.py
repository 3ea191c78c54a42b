"""The office's settings, choices and not rules, and the secret that keys its pseudonyms."""

from typing import Any

from allocator.office.store import Event, Reader, Store
from allocator.office.store_rows import SettingRow

SECRET = "secret"
REPORTS, REPORT_DAYS = "outstanding-reports", "outstanding-report-days"
RETENTION = "retention-years"
SETTINGS: dict[str, Any] = {REPORTS: "warn", REPORT_DAYS: 60, RETENTION: 5}
"""The office's settings and what they are until somebody changes them: choices, not rules."""

REPORT_CHOICES = ("warn", "refuse", "ignore")


def setting(reader: Reader, name: str) -> Any:
    """Return a setting."""
    row = reader.get(SettingRow, name)
    return SETTINGS[name] if row is None else row.content


def secret_of(store: Store) -> bytes:
    """Return the store's own secret, made when it is first needed; it keys every pseudonym."""
    with store.reading() as reader:
        found = _secret(reader)
    if found is None:
        with store.transaction() as unit:
            found = _secret(unit)
            if found is None:
                from secrets import token_hex

                found = token_hex(32)
                kept = unit.keep(SECRET, found)
                unit.insert(SettingRow, name=SECRET, content=kept.token)
                unit.append(Event("secret-made", "system", "setting:secret", {}))
    return bytes.fromhex(found)


def _secret(reader: Reader) -> str | None:
    row = reader.get(SettingRow, SECRET)
    return None if row is None else reader.kept(str(row.content))
