"""``make screenshots``: docs/images/*.png from the workbench itself, on the sample round.

Everything in them is invented; they show what a person sees after the sample has been allocated,
the guide of the first five minutes hidden.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from allocator.office.store import open_store
from allocator.texts import say
from tests.ui.browsing import ARGUMENTS, CHROMIUM, Visits, Workbench, settled
from tests.ui.people import ADMINISTRATOR, ANALYST, AUDITOR, OFFICER, desk_of, make_office
from tests.ui.provider import Provider

IMAGES = Path(__file__).parents[1] / "docs" / "images"
ROUND = "sg20-2025-09"
COLOURS = 256
"""So many colours are enough for pages of text, and keep the files small."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file, who looks at which address, and the words to click on first."""

    name: str
    login: str
    address: str
    scheme: str = "light"
    clicks: tuple[str, ...] = ()
    height: int = 900


SHOTS = (
    Shot("rounds", OFFICER, f"rounds?round={ROUND}"),
    Shot("applications", OFFICER, f"applications?round={ROUND}"),
    Shot("policy", OFFICER, f"policy?round={ROUND}"),
    Shot("allocation", OFFICER, f"allocation?round={ROUND}", height=1100),
    Shot("allocation-dark", OFFICER, f"allocation?round={ROUND}", scheme="dark", height=1100),
    Shot("why", OFFICER, f"why?round={ROUND}"),
    Shot("compare", ANALYST, f"compare?round={ROUND}&with=policy-1,file-merit-only"),
    Shot("audit", AUDITOR, f"audit?round={ROUND}"),
    Shot("signoff", OFFICER, f"signoff?round={ROUND}"),
    Shot("administration", ADMINISTRATOR, "administration"),
)


def main(wanted: tuple[str, ...]) -> int:
    """Take the pictures named, or all.

    Returns
    -------
    int
        0, or 1 where there is no browser.
    """
    if CHROMIUM is None:
        print("no chromium: apt-get install chromium-headless-shell", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    provider = Provider()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as started:
        folder = Path(name)
        store = _prepared(folder)
        workbench = Workbench(folder, store, provider).start()
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            visits = Visits(browser, workbench)
            for shot in SHOTS:
                if not wanted or shot.name in wanted:
                    _take(shot, visits)
            visits.check()
        finally:
            browser.close()
            workbench.stop()
            provider.close()
    return 0


def _prepared(folder: Path) -> Path:
    """Make an office whose sample round has been checked and allocated."""
    os.environ["XDG_DATA_HOME"] = str(folder)
    path = folder / "office.db"
    make_office(path, sample=True)
    with open_store(path) as store:
        desk = desk_of(store, OFFICER)
        desk.check(ROUND, desk.round(ROUND).summary.version)
        desk.run(ROUND)
    return path


def _take(shot: Shot, visits: Visits) -> None:
    """Open the page as that person and write what is seen."""
    size = (1280, shot.height)
    page = visits(shot.login, shot.address, scheme=shot.scheme, size=size)
    hide = page.get_by_role("button", name=say("ui.guide.hide"))
    if hide.count():
        hide.click()
        settled(page)
    for words in shot.clicks:
        page.get_by_text(words).first.click()
        settled(page)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    made = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    path = IMAGES / f"{shot.name}.png"
    made.save(path, optimize=True)
    print(f"{path.relative_to(IMAGES.parents[1])}  {path.stat().st_size // 1024} kB")
    page.context.close()


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
