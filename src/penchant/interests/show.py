"""How a profile looks in a terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from penchant.interests.context.when import ContextLifts
    from penchant.interests.evolution import Evolution
    from penchant.interests.forecaster import Forecast
    from penchant.interests.profile import Interest, Profile
    from penchant.types import Floats

_BAR = 12
_COURSE = 24  # steps of a course that are drawn, the latest
_ROWS = 8
# columns of words: the least width they are read at, and the most
_NAMES, _CAUSES, _PHASES = (20, 38), (16, 30), (22, 44)

Draw: TypeAlias = Callable[[bool], Table]
"""Draws a table; told True, with its columns of words as narrow as they may be."""


def profile(p: "Profile") -> Group:
    """A header and one table a level."""
    levels = [_level(p, level) for level in range(1, len(p.levels) + 1)]
    if p.words is not None:
        head = Text.assemble((f"“{p.words}”", "bold"), f"  ·  {p.at:%Y-%m-%d %H:%M} UTC")
        return Group(head, *levels)
    context = ", ".join(f"{k} {v}" for k, v in p.context.items())
    head = Text.assemble(
        (p.user_id, "bold"),
        f"  ·  {p.events:,} event{'s' if p.events != 1 else ''}  ·  {p.at:%Y-%m-%d %H:%M} UTC",
        f"  ·  {context}" if context else "",
    )
    alpha = Text("α  " + "   ".join(f"{k} {v:.3g}" for k, v in p.alpha.items()), style="dim")
    if not p.events and p.around:
        people = "1 person" if p.around == 1 else f"{p.around:,} people"
        alpha.append(f"   nothing is known of this person yet but {people} around them")
    elif not p.events:
        alpha.append("   nothing is known of this person yet: this is what everybody likes")
    return Group(head, alpha, *levels)


def evolution(e: "Evolution") -> Group:
    """A header and one table a level: each interest's course, weight, change and phase."""
    times = e.times
    head = Text.assemble(
        (e.user_id, "bold"),
        f"  ·  {times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}  ·  {len(times):,} steps",
    )
    levels = range(1, e.series.tree.levels + 1)
    changes = [Text(f"lasting change {change}", style="bold") for change in e.changes]
    return Group(head, *changes, *(_course(e, level) for level in levels))


def _course(e: "Evolution", level: int) -> "Fitting":
    """One level as a table; a narrow one does without what the phases rest on."""
    return Fitting(tuple(partial(_courses, e, level, because) for because in (True, False)))


def _courses(e: "Evolution", level: int, because: bool, tight: bool) -> Table:
    table = Table(title=Text(f"level {level}"), title_justify="left", box=None, pad_edge=False)
    table.add_column("interest", max_width=_NAMES[not tight])
    table.add_column("course", no_wrap=True, max_width=_COURSE)
    table.add_column("weight", justify="right", no_wrap=True)
    table.add_column("change", justify="right", no_wrap=True)
    table.add_column("phase", no_wrap=True)
    if because:
        table.add_column("because", max_width=_PHASES[not tight])
    weights, nodes = e.series.weights(level), e.series.tree.nodes[level - 1]
    phases = e.phases.get(level, {})
    most = float(weights.max(initial=0.0))
    for k in sorted(range(len(nodes)), key=lambda k: -float(weights[:, k].max()))[:_ROWS]:
        course, phase = weights[:, k], phases.get(nodes[k].id)
        table.add_row(
            cut(nodes[k].name),
            spark(course[-_COURSE:], most),
            f"{course[-1]:.1%}",
            f"{course[-1] - course[0]:+.1%}",
            phase.name if phase else "–",
            *([cut(phase.because if phase else "no act on it")] if because else []),
        )
    return table


def forecast(f: "Forecast") -> Group:
    """A header, the ways that were tried, and one table a level."""
    head = Text.assemble((f.user_id, "bold"), f"  ·  {f.at:%Y-%m-%d}, the {f.step} to come")
    tried = ", ".join(f"{t.way} {t.log_loss:.3f}" for t in f.trials)
    way = Text(f"by {f.way}: the newest {f.step} was said best by it (log loss: {tried})", "dim")
    return Group(head, way, *(_prospects(f, level) for level in range(1, len(f.levels) + 1)))


def _prospects(f: "Forecast", level: int) -> Table:
    table = Table(title=Text(f"level {level}"), title_justify="left", box=None, pad_edge=False)
    table.add_column("interest", max_width=38)
    for name in ("now", "to come", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for x in f.top(level, _ROWS):
        table.add_row(cut(x.path[-1]), f"{x.now:.1%}", f"{x.ahead:.1%}", f"{x.change:+.1%}")
    return table


def spark(course: "Floats", most: float) -> str:
    """A course as one line of bars, on a scale from 0 to the most.

    >>> spark([0.0, 0.1, 0.2, 0.4], 0.4)
    '▁▃▅█'
    """
    steps = "▁▂▃▄▅▆▇█"
    top = max(most, 1e-9)
    return "".join(steps[min(7, max(0, round(7 * float(x) / top)))] for x in course)


def text(p: "Profile | Evolution | ContextLifts | Forecast") -> str:
    """The same as plain text, 100 columns wide."""
    console = Console(width=100, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(p)
    return capture.get().rstrip()


@dataclass(frozen=True)
class Fitting:
    """The first of some tables whose words can be read in the room there is; else the last."""

    ways: tuple[Draw, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        endless = options.update(width=10_000)
        fit = (
            draw(False)
            for draw in self.ways
            if console.measure(draw(True), options=endless).maximum <= options.max_width
        )
        yield next(fit, None) or self.ways[-1](True)


def _level(p: "Profile", level: int) -> Fitting:
    """One level as a table; a narrow one does without the bars, then without the layers."""
    ways = ((True, True), (False, True), (True, False), (False, False))
    return Fitting(tuple(partial(_table, p, level, bars, layers) for bars, layers in ways))


def _table(p: "Profile", level: int, bars: bool, by_layer: bool, tight: bool) -> Table:
    rows = p.top(level)
    layers = list(rows[0].layers) if rows and by_layer else []
    table = Table(title=Text(f"level {level}"), title_justify="left", box=None, pad_edge=False)
    table.add_column("interest", max_width=_NAMES[not tight])
    table.add_column("weight", justify="right", no_wrap=True)
    if bars:
        table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("× usual", justify="right", no_wrap=True)
    for name in layers:
        table.add_column(name, justify="right", no_wrap=True, style="dim")
    acts = p.words is None  # words alone tell no range, kind or cause
    if acts:
        table.add_column("90 % range", justify="right", no_wrap=True)
        table.add_column("kind", no_wrap=True)
        table.add_column("because of", max_width=_CAUSES[not tight])
    largest = max((x.weight for x in rows), default=1.0)
    for x in rows:
        table.add_row(
            cut(x.path[-1]),
            f"{x.weight:.1%}",
            *([_bar(x.weight, largest)] if bars else []),
            f"{x.lift:.1f}",
            *(f"{x.layers[name]:.1%}" for name in layers),
            *(_rest(p, x) if acts else ()),
        )
    return table


def _rest(p: "Profile", x: "Interest") -> tuple[str, str, Text]:
    """Range, kind and cause of an interest."""
    return f"{100 * x.low:.0f}–{x.high:.0%}", _kind(x), cut(_because(p, x))


def _bar(weight: float, largest: float) -> str:
    """A bar that is there at all where there is any weight."""
    return "█" * max(int(weight > 0), round(_BAR * weight / max(largest, 1e-9)))


def cut(words: str) -> Text:
    """Words on one line, cut where there is no room; only such columns give way."""
    return Text(words, no_wrap=True, overflow="ellipsis")


def _kind(x: "Interest") -> str:
    """What the person asked for by hand, else the kind."""
    return f"asked for {x.asked}" if x.asked else x.kind


def _because(p: "Profile", x: "Interest") -> str:
    return "; ".join(p.labels[e.item] for e in x.evidence[:2])
