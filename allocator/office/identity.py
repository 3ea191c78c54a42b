"""Who is asking: the operating system's own account, or a person signed in through OpenID Connect.

An identity is a login and no more; what it may do is read from the store at every command.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allocator.errors import AllocatorError, problem
from allocator.office.roles import Source


@dataclass(frozen=True, slots=True)
class Identity:
    """A person by login, with the name they go by and how they were identified."""

    login: str
    name: str
    source: Source


def from_system() -> Identity:
    """Return the account this program runs under.

    On Unix it is asked of the system itself: environment variables such as ``LOGNAME`` can be set
    to any name by whoever starts the program.
    """
    if sys.platform == "win32":
        login = os.getlogin()
        return Identity(login, login, Source.SYSTEM)
    return _from_passwd()


def _from_passwd() -> Identity:
    import pwd

    number = os.getuid()
    try:
        entry = pwd.getpwuid(number)
    except KeyError:
        return Identity(f"uid-{number}", f"uid-{number}", Source.SYSTEM)
    name = entry.pw_gecos.split(",")[0].strip()
    return Identity(entry.pw_name, name or entry.pw_name, Source.SYSTEM)


def from_oidc(claims: Mapping[str, Any]) -> Identity:
    """Return the person whom an OpenID Connect provider vouches for.

    Parameters
    ----------
    claims : mapping
        Of the identity token. The login is the e-mail address in small letters.

    Raises
    ------
    AllocatorError
        ``office-no-email`` where there is none; ``office-email-unverified`` where the provider says
        that it has not checked the address, since anybody may then claim anybody's.
    """
    email = str(claims.get("email") or "").strip().lower()
    if not email:
        raise AllocatorError(problem("office-no-email"))
    if claims.get("email_verified", True) not in (True, "true"):
        raise AllocatorError(problem("office-email-unverified"))
    return Identity(email, str(claims.get("name") or email), Source.OIDC)
