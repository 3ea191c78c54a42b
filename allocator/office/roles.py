"""Who may do what: one table, and one function that every command asks."""

from dataclasses import dataclass
from enum import StrEnum

from allocator.errors import AllocatorError, problem
from allocator.texts import say


class Role(StrEnum):
    """What a person of the office is there to do."""

    OFFICER = "officer"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


class Source(StrEnum):
    """How a person was identified."""

    OIDC = "oidc"
    SYSTEM = "system"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person at the desk: the login, the roles the store gives it, how it was identified.

    With ``source`` ``single`` nobody has been set up yet: one person does everything but approve.
    """

    login: str
    roles: tuple[Role, ...]
    source: Source
    name: str = ""


class Command(StrEnum):
    """Everything that can be asked of the office."""

    SEE_ROUNDS = "see-rounds"
    SEE_PERSONAL = "see-personal"
    SEE_ACCOUNTS = "see-accounts"
    SEE_STORE = "see-store"
    DOWNLOAD = "download"
    VERIFY = "verify"
    COMPARE = "compare"
    CREATE_ROUND = "create-round"
    IMPORT = "import"
    FIX = "fix"
    CHECK = "check"
    SAVE_POLICY = "save-policy"
    SET_POLICY = "set-policy"
    RUN = "run"
    CANCEL_RUN = "cancel-run"
    OVERRIDE = "override"
    NOTE = "note"
    PROPOSE = "propose"
    RETURN = "return"
    APPROVE = "approve"
    PUBLISH = "publish"
    CLOSE = "close"
    RECORD_OUTCOME = "record-outcome"
    CORRECT_OUTCOME = "correct-outcome"
    RECORD_PAYMENT = "record-payment"
    REALLOCATE = "reallocate"
    RECUSE = "recuse"
    ACCOUNTS = "accounts"
    SETTINGS = "settings"
    ERASE = "erase"
    BACKUP = "backup"
    KEYGEN = "keygen"


_EVERYONE = tuple(Role)
_DECIDING = (Role.OFFICER, Role.APPROVER, Role.AUDITOR)
_OFFICER = (Role.OFFICER,)
_ADMINISTRATOR = (Role.ADMINISTRATOR,)

PERMITTED: dict[Command, tuple[Role, ...]] = {
    Command.SEE_ROUNDS: _EVERYONE,
    Command.SEE_PERSONAL: _DECIDING,
    Command.SEE_ACCOUNTS: (Role.ADMINISTRATOR, Role.AUDITOR),
    Command.SEE_STORE: (Role.ADMINISTRATOR, Role.AUDITOR),
    Command.DOWNLOAD: _DECIDING,
    Command.VERIFY: _EVERYONE,
    Command.COMPARE: (*_DECIDING, Role.ANALYST),
    **dict.fromkeys(
        (
            *(Command.CREATE_ROUND, Command.IMPORT, Command.FIX, Command.CHECK),
            *(Command.SAVE_POLICY, Command.SET_POLICY, Command.RUN, Command.CANCEL_RUN),
            *(Command.OVERRIDE, Command.PROPOSE, Command.PUBLISH, Command.CLOSE),
            *(Command.RECORD_OUTCOME, Command.CORRECT_OUTCOME, Command.RECORD_PAYMENT),
            *(Command.REALLOCATE, Command.KEYGEN),
        ),
        _OFFICER,
    ),
    Command.NOTE: (Role.OFFICER, Role.APPROVER),
    Command.RETURN: (Role.OFFICER, Role.APPROVER),
    Command.APPROVE: (Role.APPROVER,),
    Command.RECUSE: (Role.OFFICER, Role.APPROVER, Role.ADMINISTRATOR),
    **dict.fromkeys(
        (Command.ACCOUNTS, Command.SETTINGS, Command.ERASE, Command.BACKUP), _ADMINISTRATOR
    ),
}
"""The roles that may give each command. An auditor reads all and changes nothing; an administrator
decides nothing; an analyst sees pseudonymised data only."""


def may(actor: Actor, command: Command) -> bool:
    """Tell whether an actor may give a command."""
    return any(role in PERMITTED[command] for role in actor.roles)


def permit(actor: Actor, command: Command) -> None:
    """Refuse a command that none of the actor's roles permits.

    Raises
    ------
    AllocatorError
        ``office-not-permitted``, naming the roles that may.
    """
    if not may(actor, command):
        roles = ", ".join(say(f"office.role.{role}") for role in PERMITTED[command])
        raise AllocatorError(
            problem("office-not-permitted", command=say(f"office.command.{command}"), roles=roles)
        )
