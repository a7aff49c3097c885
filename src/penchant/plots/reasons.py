"""One recommendation taken apart: parts that add up to its score."""

from typing import TYPE_CHECKING

from penchant.plots.theme import colours, dressed, graphs, ink, layer_colour, short
from penchant.recommend.result import Reason

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def parts(reason: Reason, *, dark: bool = False) -> "Figure":
    """A waterfall: each layer's part of the score, one after the other, up to the score."""
    go = graphs()
    names, values = list(reason.parts), list(reason.parts.values())
    figure, sum_ = go.Figure(), 0.0
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        figure.add_bar(
            x=[name], y=[value], base=sum_, marker_color=layer_colour(name, place, dark),
            text=f"{value:+.2f}", textposition="outside", showlegend=False,
            hovertemplate=f"{name}: {value:+.3f}<extra></extra>", cliponaxis=False,
        )  # fmt: skip
        sum_ += value
    figure.add_bar(
        x=["score"], y=[reason.score], marker_color=ink(dark), text=f"{reason.score:.2f}",
        textposition="outside", showlegend=False, cliponaxis=False,
        hovertemplate=f"score: {reason.score:.3f}<extra></extra>",
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": colours(dark)[6], "width": 1})
    figure.update_yaxes(title="score (logits)")
    title = f"Why {short(reason.title, 48)}"
    return dressed(figure, title, dark=dark, under=short(reason.sentence, 160))
