"""One look for all pictures: colours that the colour-blind can tell apart, light and dark.

The colours are those of Okabe and Ito, Color universal design (2008), lightened or darkened a
little to stand out against their background.
"""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from penchant.errors import MissingExtraError

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

LIGHT = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#7A7A7A", "#6A51A3")
DARK = ("#5AAEE0", "#FF8A3D", "#2FCB9C", "#E6A3C8", "#E6C229", "#9AD3F5", "#A8A8A8", "#B8A5E3")
_WIDE = 40  # letters of a title that fit on a line of a phone
_WIDE_SMALL = 54
_LINE = 20  # pixels
_BUTTONS = 38  # pixels at the top that Plotly's buttons take
LAYERS = ("base", "context", "dynamic", "popularity", "feedback", "given", "social")
"""Parts have the same colour in every picture, in this order."""


def graphs() -> Any:
    """plotly.graph_objects.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise MissingExtraError(
            "plotly: pictures need it, and it is not installed. Run: pip install 'penchant[plots]'"
        ) from None
    return go


def colours(dark: bool) -> Sequence[str]:
    """The colours in order."""
    return DARK if dark else LIGHT


def layer_colour(name: str, place: int, dark: bool) -> str:
    """A layer's colour; parts that are no layer come after them."""
    some = colours(dark)
    return some[LAYERS.index(name)] if name in LAYERS else some[(len(LAYERS) + place) % len(some)]


def ink(dark: bool) -> str:
    """The colour of words."""
    return "#E8E8E8" if dark else "#1F1F1F"


def paper(dark: bool) -> str:
    """The colour behind everything."""
    return "#16181D" if dark else "#FFFFFF"


def dressed(
    figure: "Figure", title: str, *, dark: bool, height: int = 420, under: str = ""
) -> "Figure":
    """A figure with title, fonts, margins and background; a long title, and the words under it,
    take several lines, below the buttons that Plotly shows."""
    small = [f'<span style="font-size:12px">{line}</span>' for line in wrap(under, _WIDE_SMALL)]
    lines = wrap(title, _WIDE) + small
    height += _LINE * len(lines)
    grid = "#33363D" if dark else "#E4E4E4"
    figure.update_layout(
        title={
            "text": "<br>".join(lines), "x": 0.02, "xanchor": "left", "font": {"size": 16},
            "y": 1.0 - _BUTTONS / height, "yref": "container", "yanchor": "top",
        },
        font={"family": "system-ui, sans-serif", "size": 13, "color": ink(dark)},
        paper_bgcolor=paper(dark),
        plot_bgcolor=paper(dark),
        colorway=list(colours(dark)),
        margin={"l": 60, "r": 24, "t": 56 + _LINE * len(lines), "b": 56},
        height=height,
        hoverlabel={"font": {"size": 13}},
        uniformtext={"minsize": 9, "mode": "hide"},
        legend={"orientation": "h", "y": -0.18, "x": 0},
    )  # fmt: skip
    figure.update_xaxes(gridcolor=grid, zerolinecolor=grid, automargin=True)
    figure.update_yaxes(gridcolor=grid, zerolinecolor=grid, automargin=True)
    return figure


def short(words: str, most: int = 32) -> str:
    """Words that fit beside an axis."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
