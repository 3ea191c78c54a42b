"""Texts of a table become widths of its columns and lines of its rows, so that all can be read.

The grid cuts off what does not fit, and says so nowhere. What is asked of it here fits a window of
1280 pixels; in a wider one it lets all columns grow alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

ROOM = 928
"""Pixels of a page's width in a window of 1280, with the navigation beside it."""

TWO_THIRDS, THREE_FIFTHS, HALF, TWO_FIFTHS = 572, 512, 420, 344
"""The same of columns of a page."""

FRAME = 34
"""Pixels that the frame of a folded part takes from its width."""

_LETTER, _CAPITAL = 6.2, 7.8
_PADDING, _EDGE = 18, 4
_LINE, _WRAPS = 19, 66
"""Pixels of a line of text, and of the lowest row in which the grid lets text go on."""

_MOST_LINES = 6
_SPARE = 1.18
"""Lines break between words, so a text needs more room than its letters."""

_LONGEST_WORD = 170


@dataclass(frozen=True, slots=True)
class Fit:
    """Widths of the columns and height of the rows, in pixels; ``None`` for the usual height."""

    widths: tuple[int, ...]
    row_height: int | None


@dataclass(frozen=True, slots=True)
class _Need:
    """What a column needs in pixels: at the least, and for its longest text in one line."""

    least: float
    whole: float

    def width(self, lines: int) -> int:
        spare = _SPARE if lines > 1 else 1.0
        return round(max(self.least, self.whole * spare / lines + _PADDING))


def fit(
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
    fixed: Sequence[int | None],
    room: int,
) -> Fit:
    """Return the widths with which the fewest lines are enough for every text.

    Parameters
    ----------
    headings : sequence of str
        They stay in one line.
    texts : sequence of sequences of str
        The cells of each column as they are shown.
    fixed : sequence of int or None
        Pixels of the columns whose width is given.
    room : int
        Pixels there are.
    """
    needs = [_need(h, t, f) for h, t, f in zip(headings, texts, fixed, strict=True)]
    tried = [tuple(each.width(n) for each in needs) for n in range(1, _MOST_LINES + 1)]
    widths = next((each for each in tried if sum(each) <= room), tried[-1])
    lines = tried.index(widths) + 1  # more lines than that do not make it narrower
    height = max(_WRAPS, lines * _LINE + 10) if lines > 1 else None
    return Fit(widths, height)


def _need(heading: str, texts: Sequence[str], fixed: int | None) -> _Need:
    different = set(texts)
    if fixed is not None:
        return _Need(fixed, 0)
    words = {word for each in different for word in each.split(" ")}
    word = min(max(map(pixels, words), default=0), _LONGEST_WORD)
    least = max(pixels(heading) + _EDGE, word) + _PADDING
    return _Need(least, max(map(pixels, different), default=0))


def pixels(text: str) -> float:
    """Return about how wide a text is in a table."""
    wide = sum(each.isupper() or each.isdigit() for each in text)
    return wide * _CAPITAL + (len(text) - wide) * _LETTER
