"""How interests move: a river of weights over time."""

from typing import TYPE_CHECKING

import numpy as np

from penchant.interests.evolution import Evolution
from penchant.plots.theme import colours, dressed, graphs, paper, short

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def course(found: Evolution, level: int = 1, n: int = 7, *, dark: bool = False) -> "Figure":
    """A river: each interest's weight over time, the n largest, and all others together; the
    phase as of the last step stands beside its name."""
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
    figure.update_yaxes(title="share of the next acts", tickformat=".0%", range=[0, 1])
    title = f"How the interests of {short(found.user_id, 40)} moved, level {level}"
    return dressed(figure, title, dark=dark, height=460)
