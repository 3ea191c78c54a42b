"""``serve``: the workbench on this machine, or for a team behind a proxy that people sign in to."""

import ipaddress
import os

import typer

from allocator.commands.answer import Answer, Text
from allocator.errors import AllocatorError, problem
from allocator.office.store import open_store
from allocator.office.store_engine import VARIABLE
from allocator.texts import say

_LOCAL = ("localhost", "127.0.0.1", "::1")


def serve(address: str, port: int, store: str | None, hosts: tuple[str, ...]) -> Answer:
    """Serve the workbench until it is stopped.

    Parameters
    ----------
    address : str
        Where to listen.
    port : int
        On which port.
    store : str, optional
        The office's store: a file or a database's URL.
    hosts : tuple of str
        Names under which browsers reach the server, beside this machine's own.

    Raises
    ------
    AllocatorError
        ``serve-open`` if others could reach it and nobody would have to sign in; whatever opening
        the store or reading the secrets refuses.
    """
    from allocator.ui import server

    if store:
        os.environ[VARIABLE] = store
    signed = "auth" in server.secrets()
    if not signed and not _local(address):
        raise AllocatorError(problem("serve-open", value=address))
    with open_store() as opened:
        name = opened.name
    shown = f"[{address}]" if ":" in address else address
    told = {"url": f"http://{shown}:{port}", "store": name}

    def ready() -> None:
        typer.echo(say("cli.serve.started", **told), err=True)
        typer.echo(say(f"cli.serve.{'signed' if signed else 'unsigned'}"), err=True)

    server.run(address, port, hosts, ready)
    return Answer((Text(say("cli.serve.stopped")),))


def _local(address: str) -> bool:
    if address in _LOCAL:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
