"""How a profile looks in a terminal."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from penchant.interests.profile import Interest, Profile

_BAR = 12
_NARROW = 100


def profile(p: "Profile") -> Group:
    """A header and one table a level."""
    context = ", ".join(f"{k} {v}" for k, v in p.context.items())
    head = Text.assemble(
        (p.user_id, "bold"),
        f"  ·  {p.events:,} event{'s' if p.events != 1 else ''}  ·  {p.at:%Y-%m-%d %H:%M} UTC",
        f"  ·  {context}" if context else "",
    )
    alpha = Text("α  " + "   ".join(f"{k} {v:.3g}" for k, v in p.alpha.items()), style="dim")
    if not p.events:
        alpha.append("   nothing is known of this person yet: this is what everybody likes")
    return Group(head, alpha, *(_Level(p, level) for level in range(1, len(p.levels) + 1)))


def text(p: "Profile") -> str:
    """The same as plain text, 100 columns wide."""
    console = Console(width=100, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(p)
    return capture.get().rstrip()


@dataclass(frozen=True)
class _Level:
    """One level as a table that fits the terminal: the bars are what a narrow one does without."""

    of: "Profile"
    level: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _table(self.of, self.level, bars=options.max_width >= _NARROW)


def _table(p: "Profile", level: int, bars: bool) -> Table:
    rows = p.top(level)
    layers = list(rows[0].layers) if rows else []
    table = Table(title=Text(f"level {level}"), title_justify="left", box=None, pad_edge=False)
    table.add_column("interest", max_width=38)
    table.add_column("weight", justify="right", no_wrap=True)
    if bars:
        table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("× usual", justify="right", no_wrap=True)
    for name in layers:
        table.add_column(name, justify="right", no_wrap=True, style="dim")
    table.add_column("sure", justify="right", no_wrap=True)
    table.add_column("because of", max_width=30)
    largest = max((x.weight for x in rows), default=1.0)
    for x in rows:
        table.add_row(
            _cut(x.path[-1]),
            f"{x.weight:.1%}",
            *(["█" * max(1, round(_BAR * x.weight / max(largest, 1e-9)))] if bars else []),
            f"{x.lift:.1f}",
            *(f"{x.layers[name]:.1%}" for name in layers),
            f"{x.confidence:.0%}",
            _cut(_because(p, x)),
        )
    return table


def _cut(words: str) -> Text:
    """Words on one line, cut where there is no room; only such columns give way."""
    return Text(words, no_wrap=True, overflow="ellipsis")


def _because(p: "Profile", x: "Interest") -> str:
    return "; ".join(p.labels[e.item] for e in x.evidence[:2])
