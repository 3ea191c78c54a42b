"""The server around the pages: headers on every answer, known hosts only, secrets, failures.

``app.py`` and ``allocator serve`` start the same application with the same settings.
"""

import base64
import hashlib
import json
import logging
import os
import re
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from allocator.errors import AllocatorError, Where, problem

HERE = Path(__file__).parent
MAIN = HERE / "main.py"
"""The script that Streamlit runs for every session."""

SETTINGS = HERE / "config.toml"
SECRETS = "ALLOCATOR_SECRETS"
"""Environment variable that names a secrets.toml, kept outside the program's folder."""

NO_PAGE = "no-page"
"""The address of the page that says that there is none of the name that was typed."""

LOG = logging.getLogger("allocator.ui")
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since")
_LONGEST_NAME = 80
_TURN = 0.001
"""Seconds of a thread's turn where several want the interpreter."""

_NOT_PAGES = ("/_stcore/", "/static/", "/media/", "/component/", "/app/", "/auth/")


def own_page(page: bytes) -> bytes:
    """Return Streamlit's page with the address of its server, which it would else look for.

    A page such as ``/rounds`` would first be tried as a server of its own, and fail audibly.
    """
    told = json.dumps(_base()).replace("<", "\\u003c")
    script = f"window.__streamlit = {{ BACKEND_BASE_URL: location.origin + {told} }}"
    return page.replace(b"<script>", f"<script>{script}</script>\n    <script>".encode(), 1)


def _base() -> str:
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}" if base else ""


@cache
def _page_names() -> frozenset[str]:
    return frozenset(each.stem.removeprefix("pages_") for each in HERE.glob("pages_*.py"))


def for_the_lost(path: str, query: str) -> str | None:
    """Return where to send whoever asks for a page that there is not; ``None`` if there is one.

    Streamlit would answer with its first page under a dialogue of its own.

    Parameters
    ----------
    path, query : str
        Of the address that is asked for. Only the round that it names is taken along.
    """
    base = _base()
    asked = path.removeprefix(base).strip("/")
    if not asked or asked == NO_PAGE or asked in _page_names():
        return None
    about = [("named", asked[:_LONGEST_NAME])]
    about += [("round", each) for each in parse_qs(query).get("round", [])[:1]]
    return f"{base}/{NO_PAGE}?{urlencode(about)}"


def content_policy() -> str:
    """Return the Content-Security-Policy: nothing from elsewhere, no script but the server's own.

    The page holds two lines of script within itself, which are named by their hashes; Streamlit's
    styles are made in the browser, so they cannot be.
    """
    page = own_page((Path(streamlit.__file__).parent / "static" / "index.html").read_bytes())
    scripts = _INLINE_SCRIPT.findall(page)
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _digest(script: bytes) -> str:
    return base64.b64encode(hashlib.sha256(script).digest()).decode("ascii")


def _fixed_headers() -> dict[str, str]:
    return {
        "content-security-policy": content_policy(),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": (
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
            "clipboard-read=(), clipboard-write=(self)"
        ),
    }


class Guard:
    """Middleware: refuses hosts nobody allowed, and puts the headers on every answer.

    Parameters
    ----------
    app : ASGI application
        What answers.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._headers = _fixed_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        keep, instead = path.startswith("/static/"), for_the_lost(path, query)
        answer = _Answer(send, self._headers, keep=keep, instead=instead)
        if not known_host(Headers(scope=scope).get("host", "")):
            await PlainTextResponse("Unknown host.", status_code=400)(scope, receive, answer.send)
            return
        if not path.startswith(_NOT_PAGES):
            left = [(name, value) for name, value in scope["headers"] if name not in _CONDITIONS]
            scope = {**scope, "headers": left}
        await self._app(scope, receive, answer.send)


class _Answer:
    """One answer on its way out: gets the headers, and the page's own line where it is the page.

    A page under an address that is none's leads elsewhere ``instead``.
    """

    def __init__(self, send: Send, headers: dict[str, str], *, keep: bool, instead: str | None):
        self._send, self._headers, self._keep, self._instead = send, headers, keep, instead
        self._page: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass on one part of the answer."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(self._headers)
            if not self._keep:
                headers["cache-control"] = "no-store"
            if headers.get("content-type", "").startswith("text/html"):
                self._page = message
                return
        elif self._page is not None:
            await self._send_page(message)
            return
        await self._send(message)

    async def _send_page(self, message: Message) -> None:
        """Hold the page back until it is whole."""
        self._body += message.get("body", b"")
        if message.get("more_body") or self._page is None:
            return
        body = own_page(self._body)
        headers = MutableHeaders(scope=self._page)
        if self._instead is not None:
            body, headers["location"], self._page["status"] = b"", self._instead, 303
        headers["content-length"] = str(len(body))
        del headers["etag"], headers["last-modified"]
        await self._send(self._page)
        await self._send({"type": "http.response.body", "body": body})


def known_host(host: str) -> bool:
    """Tell whether a Host header names this server; ``server.allowedHosts`` holds the names."""
    name = re.sub(r":\d+$", "", host.strip()).strip("[]").casefold()
    allowed = [str(each).casefold() for each in config.get_option("server.allowedHosts")]
    return not allowed or any(
        name == each or each == "*" or (each.startswith("*.") and name.endswith(each[1:]))
        for each in allowed
    )


def on_failure(error: Exception) -> bool:
    """Say that something failed, without its data: those who look after the server get the place.

    Returns
    -------
    bool
        True: nothing else is to be shown.
    """
    from allocator.ui.failures import reference, show_failure

    mark = reference(error)
    LOG.error("unforeseen failure %s", mark)
    show_failure(mark)
    return True


def secrets() -> dict[str, Any]:
    """Read the secrets file that the environment names; none is read from the program's folder.

    Raises
    ------
    AllocatorError
        ``ui-secrets-missing``, ``ui-secrets-inside`` or ``ui-secrets-unreadable``.
    """
    path = _secrets_path()
    if path is None:
        return {}
    if path.is_relative_to(HERE.parent.parent):
        raise AllocatorError(problem("ui-secrets-inside", Where(file=path.name)))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AllocatorError(problem("ui-secrets-missing", Where(file=path.name))) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise AllocatorError(problem("ui-secrets-unreadable", Where(file=path.name))) from None


def _secrets_path() -> Path | None:
    named = os.environ.get(SECRETS)
    return Path(named).expanduser().resolve() if named else None


def settings() -> dict[str, Any]:
    """Return the shipped settings by dotted name, but for those the environment sets itself."""
    flat: dict[str, Any] = {}
    _flatten("", tomllib.loads(SETTINGS.read_text(encoding="utf-8")), flat)
    return {name: value for name, value in flat.items() if _variable(name) not in os.environ}


def _flatten(prefix: str, node: Mapping[str, Any], into: dict[str, Any]) -> None:
    for key, value in node.items():
        if isinstance(value, Mapping):
            _flatten(f"{prefix}{key}.", value, into)
        else:
            into[f"{prefix}{key}"] = value


def _variable(name: str) -> str:
    """Return the environment variable of a setting: STREAMLIT_SERVER_MAX_UPLOAD_SIZE."""
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace(".", "_"))
    return f"STREAMLIT_{spelled.upper()}"


def options() -> dict[str, Any]:
    """Return what the application is made with, beside its script.

    Secrets come from the named file alone: Streamlit would look in the program's folder too.
    """
    secrets()
    config.set_option("secrets.files", _secrets_files())
    return _made_with()


def _made_with(ready: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Return what the application is made with; ``ready`` is called before it answers anybody."""

    @asynccontextmanager
    async def serving(_: streamlit.App) -> AsyncIterator[None]:
        get_ready()
        ready()
        yield

    return {"middleware": [Middleware(Guard)], "on_script_error": on_failure, "lifespan": serving}


def get_ready() -> None:
    """Import the pages and read the largest rounds, before anybody waits for an answer.

    Afterwards whoever waits for one shall not wait long for the turn of those who compute.
    """
    import_module("allocator.ui.navigation").all_pages()
    import_module("allocator.ui.ahead").at_start()
    sys.setswitchinterval(_TURN)


def _secrets_files() -> list[str]:
    path = _secrets_path()
    return [str(path)] if path else []


def run(address: str, port: int, hosts: tuple[str, ...], ready: Callable[[], None]) -> None:
    """Serve until stopped, with the shipped settings wherever it is started from.

    Parameters
    ----------
    address : str
        Where to listen.
    port : int
        On which port.
    hosts : tuple of str
        Names under which browsers reach the server, beside this machine's own.
    ready : callable
        Called when the server is about to answer.
    """
    own = settings()
    own |= {"server.address": address, "server.port": port}
    own["server.allowedHosts"] = [*own.get("server.allowedHosts", ()), address, *hosts]
    own["secrets.files"] = _secrets_files()
    streamlit.App(MAIN, **_made_with(ready)).run(config=own)
