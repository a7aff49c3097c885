"""What is likelier when: lifts as colours."""

from typing import TYPE_CHECKING

import numpy as np

from penchant.errors import DataError
from penchant.interests.context.when import ContextLifts, Lift
from penchant.plots.theme import dressed, graphs, paper, short

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ROWS = 14
_WIDE = 8  # values of a context beyond which cells are too narrow for numbers


def context(
    found: ContextLifts, of: str | None = None, n: int = _ROWS, *, dark: bool = False
) -> "Figure":
    """A heatmap: interests down, the values of a context across; the colour is the lift, on a
    scale of doublings. `of` names the context (None: the one that matters most, else the first);
    the n interests with the most acts are shown. A lift whose interval includes 1 is left pale,
    and one that is no chance says its number where there is room.

    Raises:
        DataError: there is no lift of such a context.
    """
    go = graphs()
    names = list(dict.fromkeys(x.context for x in found.lifts))
    of = next(iter([*found.matters, *names]), None) if of is None else of
    if of not in names:
        raise DataError(f"context {of!r}: there are lifts of {', '.join(names) or 'none at all'}")
    cells = [x for x in found.lifts if x.context == of]
    values = list(dict.fromkeys(x.value for x in cells))
    rows = _weightiest(cells, n)[::-1]
    at = {(x.node.id, x.value): x for x in cells}
    table = [[at[id_, value] for value in values] for id_ in rows]
    reach = max(
        0.5, *(abs(float(np.log2(x.lift))) for row in table for x in row if not _none(x)), 0
    )
    labels = [short(row[0].path[-1], 24) for row in table]
    figure = go.Figure()
    for muted in (True, False):
        figure.add_heatmap(
            x=values, y=list(range(len(rows))), zmin=-reach, zmax=reach, colorscale=_scale(dark),
            z=[[_doublings(x) if _none(x) == muted else None for x in row] for row in table],
            opacity=0.18 if muted else 1.0, showscale=not muted, xgap=2, ygap=2,
            text=[[_number(x, muted, len(values)) for x in row] for row in table],
            texttemplate="%{text}", textfont={"size": 11},
            customdata=[[_told(x) for x in row] for row in table], hoverongaps=False,
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
            colorbar=_bar(reach),
        )  # fmt: skip
    figure.update_xaxes(title=f"{of}{_unit(of)}", type="category", showgrid=False)
    figure.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=labels, showgrid=False,
        zeroline=False,
    )  # fmt: skip
    who = "everybody" if found.user_id is None else short(found.user_id, 30)
    height = 240 + 30 * max(len(rows), 3)
    said = "colour: times as likely as otherwise; pale: may as well be chance"
    return dressed(figure, f"What {who} likes when", dark=dark, height=height, under=said)


def _weightiest(cells: list[Lift], n: int) -> list[str]:
    """Ids of the interests with the most expected acts, most first."""
    acts: dict[str, float] = {}
    for x in cells:
        acts[x.node.id] = acts.get(x.node.id, 0.0) + max(x.expected, x.events)
    return sorted(acts, key=lambda id_: -acts[id_])[:n]


def _none(x: Lift) -> bool:
    """Whether the interval includes 1."""
    return x.low <= 1.0 <= x.high


def _number(x: Lift, muted: bool, columns: int) -> str:
    """A lift's number, where it is clear and has room."""
    return f"{x.lift:.1f}" if x.clear and not muted and columns <= _WIDE else ""


def _doublings(x: Lift) -> float:
    return float(np.log2(x.lift))


def _told(x: Lift) -> list[str]:
    return [
        f"{' > '.join(x.path)} · {x.value}",
        f"×{x.lift:.2f} as likely as otherwise ({x.low:.2f} to {x.high:.2f})<br>"
        f"{x.events:,.0f} acts, {x.expected:,.0f} without a lift",
    ]


def _scale(dark: bool) -> list[tuple[float, str]]:
    """From blue, less likely, to vermilion, likelier; the middle is the background."""
    if dark:
        return [(0.0, "#5AAEE0"), (0.5, paper(dark)), (1.0, "#FF8A3D")]
    return [(0.0, "#0072B2"), (0.5, paper(dark)), (1.0, "#D55E00")]


def _bar(reach: float) -> dict[str, object]:
    step = 0.5 if reach < 1.5 else 1.0
    ticks = np.arange(-np.floor(reach / step), np.floor(reach / step) + 1) * step
    return {
        "tickvals": ticks.tolist(), "ticktext": [f"×{2.0**t:.2g}" for t in ticks],
        "thickness": 10, "len": 1.0, "outlinewidth": 0, "xpad": 6,
    }  # fmt: skip


def _unit(of: str) -> str:
    return " (UTC)" if of in ("hour", "weekday", "month", "time of week") else ""
