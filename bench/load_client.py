"""A person at the workbench without a browser: opens pages and turns sliders, and says how long.

It speaks what the browser speaks with the server (Streamlit's messages over a websocket), and does
what the page asks of a browser: it runs the parts that draw themselves anew as often as they ask.
What it does not do is draw, so that many of them leave the processors to the server.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from time import monotonic
from urllib.parse import parse_qsl, urlencode

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from allocator.texts import say

DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
PATIENCE = 120.0
"""Seconds until a page that does not come is given up."""

_XSRF = "_streamlit_xsrf"
_LARGEST = 2**28


class Gone(Exception):
    """What was asked for did not come."""


def _answers(ran: Collection[str], fragment: str) -> bool:
    """Tell whether a run answers for a part of the page, or for the whole (``""``).

    The server may run several parts at once, or the whole page instead of a part.
    """
    return not ran or fragment in ran


def sign_in(workbench: str, provider: str, login: str) -> dict[str, str]:
    """Return the cookies of a person who has signed in as the page asks for it.

    Parameters
    ----------
    workbench, provider : str
        Addresses of the workbench and of ``tests.ui.provider``.
    login : str
        Who.
    """
    with Person(workbench, {}) as stranger:
        stranger.open("")
        door = stranger.press(say("ui.sign-in.button"))
    with httpx.Client(follow_redirects=True, timeout=PATIENCE) as client:
        client.cookies.set("person", login, domain=httpx.URL(provider).host or "")
        client.get(f"{workbench}/_stcore/health")
        client.get(f"{workbench}{door}")
        return {each.name: each.value or "" for each in client.cookies.jar if each.name != "person"}


class Person:
    """One session; use it in a ``with`` block.

    Parameters
    ----------
    workbench : str
        The address of the workbench.
    cookies : dict
        What ``sign_in`` gave; none where nobody signs in.
    """

    def __init__(self, workbench: str, cookies: dict[str, str]) -> None:
        self.workbench, self._cookies = workbench, cookies
        self._line = ExitStack()
        self._socket = self._connected()
        self.address = ""
        """What was opened last."""
        self._page = self._query = self._door = ""
        self._buttons: dict[str, str] = {}
        self._sliders: dict[str, tuple[str, str, list[float]]] = {}
        self._set: dict[str, list[float]] = {}
        self._beats: dict[str, tuple[float, float]] = {}
        self.received = 0
        """Bytes that came with the last page or part of one."""
        self.texts: list[str] = []
        """What the last page said in headings and boxes, to see that it is the one meant."""

    def __enter__(self) -> "Person":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def _connected(self) -> ClientConnection:
        token = self._cookies.get(_XSRF)
        line = connect(
            f"{self.workbench.replace('http', 'ws', 1)}/_stcore/stream",
            origin=Origin(self.workbench),
            subprotocols=[Subprotocol(each) for each in ("streamlit", token) if each],
            additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())},
            max_size=_LARGEST,
            open_timeout=PATIENCE,
        )
        return self._line.enter_context(line)

    def anew(self, address: str) -> float:
        """Load a page from nothing, as by its address; return the seconds until it was there."""
        began = monotonic()
        self._line.close()
        self._socket = self._connected()
        self._set = {}
        self.open(address)
        return monotonic() - began

    def open(self, address: str) -> float:
        """Open a page, as ``"allocation?round=r1"``; return the seconds until it was all there."""
        self.address = address
        self._page, _, query = address.partition("?")
        self._query = urlencode(parse_qsl(query))
        self._sliders, self._beats, self.texts = {}, {}, []
        return self._run("")

    def turn(self, label: str, value: float) -> float:
        """Turn a slider that the last page showed; return the seconds until the answer was there.

        Raises
        ------
        Gone
            There is no such slider.
        """
        if label not in self._sliders:
            raise Gone(f"no slider {label}: there are {sorted(self._sliders)}")
        widget, fragment, _ = self._sliders[label]
        self._set[widget] = [value]
        self.texts = []
        return self._run(fragment)

    def press(self, label: str) -> str:
        """Press a button of the page; return the address it leads out to, if it does."""
        self._run("", trigger=self._buttons[label])
        return self._door

    def wait(self, seconds: float) -> None:
        """Look at the page for a while, in which parts of it draw themselves anew."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            due = [each for each, (_, at) in self._beats.items() if at <= monotonic()]
            for fragment in due:
                every, _ = self._beats[fragment]
                self._beats[fragment] = every, monotonic() + every
                self._ask(fragment, alone=True)
            soon = min((at for _, at in self._beats.values()), default=until) - monotonic()
            self._hear(max(0.001, min(left, soon)))

    def _run(self, fragment: str, trigger: str = "") -> float:
        began = monotonic()
        self.received = 0
        self._ask(fragment, trigger=trigger)
        while not self._hear(PATIENCE, lambda ran: _answers(ran, fragment)):
            if monotonic() - began > PATIENCE:
                raise Gone(self._page)
        return monotonic() - began

    def _ask(self, fragment: str, *, alone: bool = False, trigger: str = "") -> None:
        state = ClientState(
            query_string=self._query,
            page_name=self._page,
            fragment_id=fragment,
            is_auto_rerun=alone,
        )
        state.context_info.url = f"{self.workbench}/{self._page}"
        state.context_info.timezone = "UTC"
        state.context_info.locale = "en"
        state.context_info.color_scheme = "light"
        for widget, values in self._set.items():
            one = state.widget_states.widgets.add(id=widget)
            one.double_array_value.data.extend(values)
        if trigger:
            state.widget_states.widgets.add(id=trigger, trigger_value=True)
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())

    def _hear(
        self, patience: float, wanted: Callable[[Collection[str]], bool] | None = None
    ) -> bool:
        """Take one message; tell whether it ends the run that is wanted."""
        try:
            content = self._socket.recv(patience)
        except TimeoutError:
            return False
        assert isinstance(content, bytes)
        self.received += len(content)
        message = ForwardMsg.FromString(content)
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._note(message.delta)
        elif kind == "auto_rerun":
            every = message.auto_rerun.interval
            self._beats[message.auto_rerun.fragment_id] = every, monotonic() + every
        elif kind == "auth_redirect":
            self._door = message.auth_redirect.url
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "script_finished" and message.script_finished in DONE and wanted:
            return wanted(message.metadata.run.fragment_ids)
        return False

    def _note(self, delta: Delta) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "slider":
            slider = element.slider
            drawn = slider.value if slider.set_value else slider.default
            self._sliders[slider.label] = slider.id, delta.fragment_id, list(drawn)
        elif kind == "button":
            self._buttons[element.button.label] = element.button.id
        elif kind == "heading":
            self.texts.append(element.heading.body)
        elif kind == "alert":
            self.texts.append(element.alert.body)
        elif kind == "markdown":
            self.texts.append(element.markdown.body)

    @property
    def sliders(self) -> dict[str, float]:
        """The sliders of the last page, with their positions."""
        return {
            label: self._set.get(widget, drawn)[0]
            for label, (widget, _, drawn) in self._sliders.items()
        }
