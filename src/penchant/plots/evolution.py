"""How interests move: a river of weights over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from penchant.interests.changes import Change
from penchant.interests.evolution import Evolution
from penchant.plots.theme import colours, dressed, graphs, ink, paper, short

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def course(found: Evolution, level: int = 1, n: int = 7, *, dark: bool = False) -> "Figure":
    """A river: each interest's weight over time, the n largest, and all others together; the
    phase as of the last step stands beside its name, and lasting changes of taste where each is
    thought to have begun."""
    go, palette = graphs(), colours(dark)
    weights, nodes = found.series.weights(level), found.series.tree.nodes[level - 1]
    best = np.argsort(-weights.mean(axis=0), kind="stable")[:n]
    phases, times = found.phases.get(level, {}), found.times
    figure = go.Figure()
    for place, k in enumerate(best):
        phase = phases.get(nodes[k].id)
        name = short(nodes[k].name, 26) + (f" · {phase.name}" if phase else "")
        figure.add_scatter(
            x=times, y=weights[:, k], name=name, mode="lines", stackgroup="all",
            line={"width": 1, "color": paper(dark)}, fillcolor=palette[place % len(palette)],
            hovertemplate="%{x|%Y-%m-%d}: %{y:.1%}",
        )  # fmt: skip
    rest = 1.0 - weights[:, best].sum(axis=1)
    if len(nodes) > len(best):
        figure.add_scatter(
            x=times, y=np.maximum(rest, 0.0), name=f"{len(nodes) - len(best)} more",
            mode="lines", stackgroup="all", line={"width": 0},
            fillcolor="#3A3D45" if dark else "#E8E8E8", hovertemplate="%{x|%Y-%m-%d}: %{y:.1%}",
        )  # fmt: skip
    _mark(figure, found.changes, dark)
    figure.update_yaxes(title="share of the next acts", tickformat=".0%", range=[0, 1])
    title = f"How the interests of {short(found.user_id, 40)} moved, level {level}"
    return dressed(figure, title, dark=dark, height=460)


def _mark(figure: "Figure", changes: Sequence[Change], dark: bool) -> None:
    """A dashed line where each lasting change began, with the interest that it was toward."""
    for n, change in enumerate(sorted(changes, key=lambda change: change.began)):
        figure.add_shape(
            type="line", x0=change.began, x1=change.began, y0=0, y1=1, yref="paper",
            line={"width": 1.5, "dash": "dash", "color": ink(dark)},
        )  # fmt: skip
        figure.add_annotation(
            x=change.began, y=0.98 - 0.07 * (n % 6), yref="paper", xanchor="left", showarrow=False,
            text=f"→ {short(change.node.name, 24)}", font={"size": 11, "color": ink(dark)},
            bgcolor=paper(dark), opacity=0.9, hovertext=str(change),
        )  # fmt: skip
