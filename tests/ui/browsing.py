"""A served workbench and browsers on it, which forgive no console error and no outside request."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Download,
    Page,
    Request,
    expect,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.ui.provider import CLIENT, Provider

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
"""The browser: best without its windows, for then it has a quarter less to do."""

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
TIMEOUT = 120_000
"""Milliseconds until something that should appear is given up; a busy machine is slow."""

_PORTS = 20_000, 32_000
"""Below those that the system gives to whoever calls, so that nobody takes one meanwhile."""

_UNREADY = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const parts = '[data-testid="stSkeleton"], [data-testid="stAppSkeleton"], [data-stale="true"]';
  const moving = document.getAnimations().filter(each => each instanceof CSSTransition);
  return [
    ...(app?.dataset.testScriptState === 'notRunning' ? [] : [app?.dataset.testScriptState]),
    ...(document.querySelector('h1')?.checkVisibility() ? [] : ['no title']),
    ...[...document.querySelectorAll(parts)].map(each => each.outerHTML.slice(0, 200)),
    ...moving.map(each => each.transitionProperty + each.effect.target.outerHTML.slice(0, 200)),
  ];
}"""
"""What of a page is not yet as it will be."""

_SCHEME = """scheme => {
  const colour = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
  const [red, green, blue] = colour.match(/\\d+/g).map(Number);
  return (red + green + blue < 384) === (scheme === 'dark');
}"""

expect.set_options(timeout=TIMEOUT)


def free_port() -> int:
    """Return a port nobody listens on now, another one than other test runs are likely to find."""
    for port in iter(lambda: random.SystemRandom().randrange(*_PORTS), None):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError


class Workbench:
    """``allocator serve`` on a store; with a provider people sign in, else the system's account.

    Parameters
    ----------
    folder : Path
        For the secrets, the data folder and the server's own output.
    store : Path
        The store.
    provider : Provider, optional
        Who signs people in.
    """

    def __init__(self, folder: Path, store: Path, provider: Provider | None = None) -> None:
        self.folder, self.store, self.provider = folder, store, provider
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://localhost:{self.port}"

    def start(self) -> "Workbench":
        """Start serving, and return when it answers; elsewhere if somebody took the port."""
        for _ in range(3):
            if self._starts():
                return self
            self.port = free_port()
        raise RuntimeError(f"the workbench did not start: {self.log()}")

    def _starts(self) -> bool:
        command = [sys.executable, "-m", "allocator", "serve", "--port", str(self.port)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=log
            )
        until = time.monotonic() + TIMEOUT / 1000
        while self.process.poll() is None and time.monotonic() < until:
            if self._answers():
                return True
            time.sleep(0.1)
        self.kill()
        return False

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/_stcore/health", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """End serving as Ctrl-C does."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT / 1000)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End serving as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT / 1000)

    def log(self) -> str:
        """Return what the server wrote."""
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        own = {
            "ALLOCATOR_DATABASE_URL": str(self.store),
            "XDG_DATA_HOME": str(self.folder),
            "HOME": str(self.folder),
        }
        if self.provider is not None:
            secrets = self.folder / "secrets.toml"
            secrets.write_text(
                "[auth]\n"
                f'redirect_uri = "{self.url}/oauth2callback"\n'
                f'cookie_secret = "{"s" * 40}"\n'
                f'client_id = "{CLIENT}"\n'
                'client_secret = "nothing"\n'
                f'server_metadata_url = "{self.provider.url}/.well-known/openid-configuration"\n'
            )
            own["ALLOCATOR_SECRETS"] = str(secrets)
        return os.environ | own


class Visits:
    """Browsers of several people on one workbench, each in a context of its own.

    Parameters
    ----------
    browser : Browser
        The browser.
    workbench : Workbench
        What they look at.
    """

    def __init__(self, browser: Browser, workbench: Workbench) -> None:
        self.browser, self.workbench = browser, workbench
        self.outside: list[str] = []
        self.errors: list[str] = []
        self.contexts: dict[tuple[Any, ...], BrowserContext] = {}
        self.signed_in: dict[str, Any] = {}
        self.forgiven: tuple[str, ...] = ()
        """Parts of console messages that a test brings about on purpose."""

    def __call__(
        self,
        login: str | None = None,
        path: str = "",
        *,
        scheme: str = "light",
        size: tuple[int, int] = (1280, 900),
    ) -> Page:
        """Open a page as a person, signed in if the workbench asks for it."""
        context = self._context(login, scheme, size)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        if login is not None and self.workbench.provider is not None:
            self._sign_in(context, page, login)
        page.goto(f"{self.workbench.url}/{path}")
        settled(page)
        return page

    def _context(self, login: str | None, scheme: str, size: tuple[int, int]) -> BrowserContext:
        """Return the browser of a person; the second time it has the program's files already."""
        key = login, scheme, size
        if key not in self.contexts:
            context = self.browser.new_context(
                color_scheme=scheme,  # type: ignore[arg-type]
                viewport={"width": size[0], "height": size[1]},
                reduced_motion="reduce",
            )
            context.set_default_timeout(TIMEOUT)
            # Heard and not held up: a browser whose requests are routed keeps no files.
            context.on("request", self._watch)
            context.on("close", lambda _: self.contexts.pop(key, None))
            self.contexts[key] = context
        return self.contexts[key]

    def _sign_in(self, context: BrowserContext, page: Page, login: str) -> None:
        """Sign a person in, the second time with the cookies of the first."""
        if login in self.signed_in:
            context.add_cookies(self.signed_in[login])
            return
        assert self.workbench.provider is not None
        provider = self.workbench.provider.url
        context.add_cookies([{"name": "person", "value": login, "url": provider}])
        page.goto(self.workbench.url)
        try:
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
        except PlaywrightTimeout:
            seen = page.locator("body").inner_text()
            raise AssertionError(f"no sign-in at {page.url}: {seen}\n{self.errors}") from None
        settled(page)
        self.signed_in[login] = context.cookies()

    def check(self) -> None:
        """Close all pages, and fail on what a browser complained of or asked of other hosts.

        What closing breaks off is no complaint: all are asked for what they have, then closed.
        """
        pages = [page for context in self.contexts.values() for page in context.pages]
        for page in pages:
            page.evaluate("1")
        left = [e for e in self.errors if not any(each in e for each in self.forgiven)]
        outside = list(self.outside)
        for page in pages:
            page.close()
        self.errors, self.outside = [], []
        assert outside == [], outside
        assert left == [], "\n".join(left)

    def close(self) -> None:
        """Close the browsers."""
        for context in list(self.contexts.values()):
            context.close()

    def _watch(self, request: Request) -> None:
        own = ("http://localhost:", "http://127.0.0.1:", "data:", "blob:")
        if not request.url.startswith(own):
            self.outside.append(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)


def settled(page: Page) -> None:
    """Wait until a page is drawn, all its parts are loaded and its script has run to the end.

    Right after a click it may still be: wait for what the click leads to, with ``says``.
    """
    try:
        page.wait_for_function(f"() => !({_UNREADY})().length", polling=100, timeout=TIMEOUT)
    except PlaywrightTimeout:
        raise AssertionError(f"never ready: {page.url} {page.evaluate(_UNREADY)}") from None


def says(page: Page, words: str) -> None:
    """Wait until a page says something."""
    expect(page.get_by_text(words).first).to_be_visible()


def open_page(page: Page, address: str) -> None:
    """Go to an address once nothing is under way that would be broken off."""
    settled(page)
    page.goto(address)
    settled(page)


def follow(page: Page, title: str) -> None:
    """Go to another page by its link in the navigation."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=title, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()
    settled(page)


def press(page: Page, words: str, then: str) -> None:
    """Press a button, and wait until the page says what that leads to.

    Parameters
    ----------
    page : Page
        Where.
    words : str
        The button's, in full.
    then : str
        What the page did not say before.
    """
    _enter(page, words)
    says(page, then)
    settled(page)


def download(page: Page, words: str) -> Download:
    """Press the button of a download and return the file when it is there."""
    with page.expect_download() as found:
        _enter(page, words)
    return found.value


def _enter(page: Page, words: str) -> None:
    """Press a button by its key: a click is lost if the page moves under it meanwhile."""
    settled(page)
    button = page.get_by_role("button", name=words, exact=True).first
    expect(button).to_be_enabled()
    button.press("Enter")


def write(page: Page, label: str, words: str) -> None:
    """Fill in the field of that name and leave it, by which the page learns of it."""
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(words)
    field.press("Tab")
    expect(field).to_have_value(words)


def give(page: Page, *content: Path, place: int = 0) -> None:
    """Give files to one of the places for files."""
    arrived: list[Request] = []
    page.on("requestfinished", lambda sent: sent.method == "PUT" and arrived.append(sent))
    page.locator('input[type="file"]').nth(place).set_input_files(content)
    for each in content:
        says(page, each.name)
    while len(arrived) < len(content):
        page.wait_for_event("requestfinished", timeout=TIMEOUT)


def choose(page: Page, name: str, option: str) -> None:
    """Choose in a list; it is opened anew if the page moved away under it while it was open.

    Parameters
    ----------
    page : Page
        Where.
    name : str
        The name of the list's field.
    option : str
        What to choose, in full.
    """
    box = page.get_by_role("combobox", name=name)
    wanted = page.get_by_role("option", name=option, exact=True)
    for patience in (5_000, 15_000, TIMEOUT):
        settled(page)
        box.fill(option)
        try:
            wanted.click(timeout=patience)
            break
        except PlaywrightTimeout:
            if patience == TIMEOUT:
                raise
            box.press("Escape")
    expect(box).to_have_value(option)


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page in light and in dark.

    Returns
    -------
    list of str
        Scheme, rule, impact and the elements.
    """
    found: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(_SCHEME, arg=scheme, polling=100, timeout=TIMEOUT)
        settled(page)
        found += [
            f"{scheme}: {each['id']} ({each['impact']}): "
            f"{[node['html'][:160] for node in each['nodes']]}"
            for each in Axe().run(page).response["violations"]
        ]
    return found
