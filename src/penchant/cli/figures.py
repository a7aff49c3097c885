"""How an evaluation looks in a terminal: who was how good, by how much, and for whom."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table

from penchant.evaluate.report import ALL, SHOWN, Evaluation, Row

NARROW = 112
"""Below so many columns fewer metrics are shown; all are in the written report."""
FEWER = ("recall@10", "ndcg@10", "hit_rate@10", "coverage@10")


@dataclass(frozen=True)
class Figures:
    """An evaluation as tables that fit the terminal."""

    of: Evaluation

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the tables, the main one first."""
        yield self._main(FEWER if options.max_width < NARROW else SHOWN)
        if self.of.differences:
            yield ""
            yield self._leads()
        if len(self.of.slices) > 1:
            yield ""
            yield self._groups()
        if self.of.interests:
            yield ""
            yield self._interests()

    def _main(self, wanted: tuple[str, ...]) -> Table:
        metrics = [m for m in wanted if m in self.of.metrics] or self.of.metrics[:4]
        cells = {(r.scorer, r.metric): r for r in self.of.rows if r.slice == ALL}
        users = max((r.users for r in cells.values()), default=0)
        table = _table(f"how good: {users:,} users, every item ranked, ± 95 % interval", "")
        for name in metrics:
            table.add_column(name, justify="right")
        for scorer in self.of.scorers:
            row = [_figure(cells.get((scorer, m))) for m in metrics]
            table.add_row(scorer, *row, style=self._style(scorer))
        return table

    def _leads(self) -> Table:
        table = _table(f"lead of {self.of.model} over", "", 22)
        for name in ("metric", "lead", "95 % interval", "p"):
            table.add_column(name, justify="left" if name == "metric" else "right", no_wrap=True)
        for d in self.of.differences:
            p = "< 0.001" if d.p < 0.001 else f"{d.p:.3f}"
            style = ("green" if d.difference > 0 else "red") if d.clear else ""
            interval = f"{d.low:+.4f} to {d.high:+.4f}"
            table.add_row(d.baseline, d.metric, f"{d.difference:+.4f}", interval, p, style=style)
        return table

    def _groups(self) -> Table:
        """Scorers down, groups of users across: there are few groups."""
        metric = "ndcg@10" if "ndcg@10" in self.of.metrics else self.of.metrics[0]
        rows = [r for r in self.of.rows if r.metric == metric]
        cells = {(r.scorer, r.slice): r for r in rows}
        sizes = {r.slice: r.users for r in rows}
        table = _table(f"{metric} by group of users", "", 17)
        for name in sizes:
            table.add_column(name, justify="right", vertical="bottom")
        table.add_row("users", *(f"{n:,}" for n in sizes.values()), style="dim")
        for scorer in self.of.scorers:
            values = [_figure(cells.get((scorer, name)), interval=False) for name in sizes]
            table.add_row(scorer, *values, style=self._style(scorer))
        return table

    def _interests(self) -> Table:
        head = list(self.of.interests[0])
        table = _table("the next interest, by level", head[0].replace("_", " "))
        for name in head[1:]:
            table.add_column(name.replace("_", " "), justify="right")
        for row in self.of.interests:
            table.add_row(*(_cell(row, name) for name in head))
        return table

    def _style(self, scorer: str) -> str:
        return "bold" if scorer == self.of.model else ""


def _table(title: str, first: str, widest: int = 24) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column(first, no_wrap=True, overflow="ellipsis", max_width=widest)
    return table


def _figure(row: Row | None, interval: bool = True) -> str:
    if row is None or row.value is None:
        return "–"
    if not interval or row.low is None or row.high is None:
        return f"{row.value:.4f}"
    return f"{row.value:.4f} ±{(row.high - row.low) / 2:.3f}".replace("±0.", "±.")


def _cell(row: Mapping[str, object], name: str) -> str:
    value = row[name]
    if isinstance(value, float):
        return f"{value:.4f}"
    return "–" if value is None else str(value)
