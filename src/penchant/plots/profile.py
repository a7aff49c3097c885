"""A profile as rings of interests, and what each layer says of them."""

from typing import TYPE_CHECKING

from penchant.interests.profile import Interest, Profile
from penchant.plots.theme import colours, dressed, graphs, ink, layer_colour, paper, short

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LEAST = 0.004  # of the whole: narrower slices are left to the table


def profile(found: Profile, *, dark: bool = False) -> "Figure":
    """A sunburst: broad interests inside, narrow ones outside, the angle is the weight. What is
    too narrow to be seen is drawn as the rest of its parent."""
    go, palette = graphs(), colours(dark)
    kept = [[x for x in level if x.weight >= _LEAST] for level in found.levels]
    ids = {x.node.id for level in kept for x in level}
    shown = [x for level in kept for x in level if x.node.parent is None or x.node.parent in ids]
    roots = sorted(kept[0], key=lambda x: -x.weight)
    colour = {x.node.id: palette[n % len(palette)] for n, x in enumerate(roots)}
    figure = go.Figure(
        go.Sunburst(
            ids=[x.node.id for x in shown],
            labels=[short(x.node.name, 24) for x in shown],
            parents=[x.node.parent or "" for x in shown],
            values=[x.weight for x in shown],
            branchvalues="total",
            leaf={"opacity": 1.0},  # the colour of words is chosen for the colour as it is
            marker={
                "colors": [colour.get(_root(found, x), palette[6]) for x in shown],
                "line": {"color": paper(dark), "width": 1},
            },
            customdata=[[x.lift, x.confidence, " > ".join(x.path)] for x in shown],
            hovertemplate=(
                "<b>%{customdata[2]}</b><br>%{value:.1%} of the next acts, "
                "%{customdata[0]:.1f} × usual<br>sure: %{customdata[1]:.0%}<extra></extra>"
            ),
            insidetextorientation="radial",
        )
    )
    who = found.words if found.words is not None else found.user_id
    title = f"Interests of {short(who, 40)}, {found.at:%Y-%m-%d} ({found.events:,} events)"
    return dressed(figure, title, dark=dark, height=520)


def _root(found: Profile, x: Interest) -> str:
    return found.tree.lineage(x.node)[0].id


def layers(found: Profile, level: int = 1, n: int = 8, *, dark: bool = False) -> "Figure":
    """Bars: how likely each layer alone thinks the weightiest interests, beside the whole and what
    is usual."""
    go = graphs()
    rows = found.top(level, n)[::-1]
    names = [short(x.node.name) for x in rows]
    figure = go.Figure()
    for place, name in enumerate(rows[0].layers if rows else ()):
        figure.add_bar(
            y=names, x=[x.layers[name] for x in rows], name=f"{name} alone", orientation="h",
            marker_color=layer_colour(name, place, dark), marker_opacity=0.75,
        )  # fmt: skip
    for name, values, symbol in (
        ("whole", [x.weight for x in rows], "diamond"),
        ("usual", [x.usual for x in rows], "line-ns-open"),
    ):
        figure.add_scatter(
            y=names, x=values, name=name, mode="markers",
            marker={"symbol": symbol, "size": 12, "line": {"width": 2},
                    "color": ink(dark) if name == "whole" else colours(dark)[6]},
        )  # fmt: skip
    figure.update_xaxes(title="share of the next acts", tickformat=".0%", rangemode="tozero")
    title = f"What each layer says of {short(found.user_id, 40)}, level {level}"
    return dressed(figure, title, dark=dark, height=160 + 62 * max(len(rows), 2))
