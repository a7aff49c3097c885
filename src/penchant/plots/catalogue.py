"""The interests of a catalogue: what there is, how large, and how much of it people turn to."""

from typing import TYPE_CHECKING

from penchant.plots.theme import colours, dressed, graphs, paper, short
from penchant.taxonomy.tree import Tree

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def catalogue(tree: Tree, *, dark: bool = False) -> "Figure":
    """A map: every interest as a box as large as it has items, narrow ones inside broad ones."""
    go, palette = graphs(), colours(dark)
    nodes = [node for level in tree.nodes for node in level]
    roots = sorted(tree.nodes[0], key=lambda node: -node.size)
    colour = {node.id: palette[n % len(palette)] for n, node in enumerate(roots)}
    figure = go.Figure(
        go.Treemap(
            ids=[node.id for node in nodes],
            labels=[short(node.name, 30) for node in nodes],
            parents=[node.parent or "" for node in nodes],
            values=[node.size for node in nodes],
            branchvalues="total",
            marker={
                "colors": [colour[tree.lineage(node)[0].id] for node in nodes],
                "line": {"color": paper(dark), "width": 1},
            },
            customdata=[[", ".join(node.keywords), ", ".join(node.typical[:3])] for node in nodes],
            hovertemplate=(
                "<b>%{label}</b><br>%{value:,.0f} items<br>%{customdata[0]}<br>as "
                "%{customdata[1]}<extra></extra>"
            ),
            maxdepth=3,
        )
    )
    title = f"{len(tree):,} interests of {tree.membership(1).shape[0]:,} items"
    return dressed(figure, title, dark=dark, height=560)
