"""Shares become small inline SVG pictures: every bar says in words what it shows.

Lengths are percentages of the picture's width, so that a bar stretches with the page while its
lines, patterns and marks keep their size at 320 pixels as at 200 % zoom. Colours and patterns are
classes of the page's style sheet (light, dark and print), and no picture relies on colour alone:
each series has its own pattern and each kind of mark its own shape.
"""

from dataclasses import dataclass
from fractions import Fraction

from markupsafe import Markup

from allocator.wording import decimal

BAR_HEIGHT = 22
MARGIN = 6


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a stacked bar; ``series`` (``s1`` …, ``free``) is its colour and pattern."""

    series: str
    share: Fraction


def stacked_bar(parts: tuple[Part, ...], words: str, target: Fraction | None = None) -> Markup:
    """Draw parts side by side on a bar whose full width is 1, with a line at the target.

    Parameters
    ----------
    parts : tuple of Part
        In drawing order; shares sum to at most 1.
    words : str
        What the picture shows, for those who do not see it.
    target : Fraction, optional
        Where the target line stands.

    Returns
    -------
    Markup
        An ``svg`` element.
    """
    shapes: list[Markup] = []
    start = Fraction(0)
    for part in parts:
        if part.share > 0:
            shapes.append(_rect(part.series, start, part.share))
        start += part.share
    if target is not None:
        shapes.append(_line(target))
    return _picture(shapes, words)


def bullet_bar(
    share: Fraction, pool: Fraction, words: str, target: Fraction | None = None
) -> Markup:
    """Draw a share as a bar, the group's share of the pool as a diamond, the target as a line.

    Parameters
    ----------
    share : Fraction
        The group's share of the awards.
    pool : Fraction
        Its share of the eligible applications.
    words : str
        What the picture shows, for those who do not see it.
    target : Fraction, optional
        Where the target line stands.

    Returns
    -------
    Markup
        An ``svg`` element.
    """
    shapes = [_rect("track", Fraction(0), Fraction(1))]
    if share > 0:
        shapes.append(_rect("s1", Fraction(0), share))
    if target is not None:
        shapes.append(_line(target))
    shapes.append(_diamond(pool))
    return _picture(shapes, words)


def swatch(series: str) -> Markup:
    """Draw the sample of a series or mark (``target``, ``pool``) for a legend."""
    if series == "target":
        shape = Markup('<line class="target" x1="50%" x2="50%" y1="0" y2="14"/>')
    elif series == "pool":
        shape = Markup('<path class="pool" d="M11 2l5 5-5 5-5-5z"/>')
    else:
        shape = Markup('<rect class="{}" x="1" y="1" width="20" height="12"/>').format(series)
    return Markup('<svg class="swatch" width="22" height="14" aria-hidden="true">{}</svg>').format(
        shape
    )


def _picture(shapes: list[Markup], words: str) -> Markup:
    height = BAR_HEIGHT + 2 * MARGIN
    return Markup('<svg class="bar" height="{}" role="img" aria-label="{}">{}</svg>').format(
        height, words, Markup("").join(shapes)
    )


def _at(share: Fraction) -> str:
    return f"{decimal(share * 100, 2)}%"


def _rect(series: str, start: Fraction, width: Fraction) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        series, _at(start), MARGIN, _at(width), BAR_HEIGHT
    )


def _line(at: Fraction) -> Markup:
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="0" y2="{}"/>')
    place = (_at(at), _at(at), BAR_HEIGHT + 2 * MARGIN)
    return line.format("halo", *place) + line.format("target", *place)


def _diamond(at: Fraction) -> Markup:
    middle = MARGIN + BAR_HEIGHT // 2
    return Markup(
        '<svg x="{}" y="{}" overflow="visible"><path class="pool" d="M0-6l6 6-6 6-6-6z"/></svg>'
    ).format(_at(at), middle)
