"""Do weights come true? What was said beside what came."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penchant.plots.theme import colours, dressed, graphs, ink

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def reliability(
    table: pl.DataFrame, *, title: str = "Do weights come true?", dark: bool = False
) -> "Figure":
    """A reliability diagram of what `penchant.evaluate.interests.reliability` gives: each point a
    bin of weights, as large as it has weights (on a log scale); on the line, what was said came."""
    go, palette = graphs(), colours(dark)
    many = np.log(table["count"].to_numpy())
    size = 6 + 16 * many / max(float(many.max(initial=0.0)), 1e-9)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": ink(dark), "width": 1},
        name="what is said comes", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=table["predicted"].to_list(), y=table["observed"].to_list(), mode="lines+markers",
        marker={"size": size.tolist(), "color": palette[0]}, line={"color": palette[0]},
        name="weights", customdata=table["count"].to_list(),
        hovertemplate="said %{x:.1%}, came %{y:.1%}<br>%{customdata:,} weights<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        title="weight (what the profile said)", tickformat=".0%", range=[-0.02, 1.02]
    )
    figure.update_yaxes(title="share that came", tickformat=".0%", range=[-0.02, 1.02])
    return dressed(figure, title, dark=dark, height=480)
