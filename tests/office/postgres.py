"""A PostgreSQL server of the tests' own: made in a temporary folder, on a loopback port."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
UNSAFE = ("fsync=off", "full_page_writes=off")
"""What makes a server fast and is fine where only processes are killed, never the machine."""


class NoServer(Exception):
    """There is no PostgreSQL server here that could be started; the message says why."""


def programs() -> Path:
    """Return the folder of ``initdb`` and ``pg_ctl``."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    for folder in (*found, *FOLDERS):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServer("no PostgreSQL server is installed (initdb, pg_ctl)")


def as_whom() -> str | None:
    """Return the user to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise NoServer("PostgreSQL does not run as root, and there is no other user")


@contextmanager
def server() -> Iterator[str]:
    """Start a server, give its URL without a database's name, stop it.

    Yields
    ------
    str
        Such as ``postgresql://office@127.0.0.1:54321``.

    Raises
    ------
    NoServer
        With the reason.
    """
    folder, user = programs(), as_whom()
    home = Path(tempfile.mkdtemp(prefix="allocator-postgres-", dir=_memory()))
    if user:
        shutil.chown(home, user)
    data, log = home / "data", home / "log"

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [folder / program, "-D", data, *arguments],
            check=True,
            cwd=home,
            user=user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            timeout=120,
        )

    port = _free_port()
    settings = (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={home}")
    options = " ".join(f"-c {each}" for each in (*settings, *UNSAFE))
    try:
        call("initdb", "--username=office", "--auth=trust", "--encoding=UTF8", "--no-sync")
        call("pg_ctl", "start", "--wait", "--timeout=60", f"--log={log}", f"--options={options}")
        try:
            yield f"postgresql://office@127.0.0.1:{port}"
        finally:
            call("pg_ctl", "stop", "--mode=immediate")
    except subprocess.SubprocessError as error:
        raise NoServer(f"PostgreSQL could not be started: {error}") from error
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _memory() -> str | None:
    """Return a folder in memory with room for a server, ``None`` for the usual temporary one."""
    folder = "/dev/shm"
    roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2 * 1024**3
    return folder if roomy else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
