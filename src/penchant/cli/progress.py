"""Long work, shown: bars on a terminal, a line for every finished step elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Live
from rich.text import Text

from penchant.cli.text import duration
from penchant.types import QUIET, Progress, Step


def chosen(console: Console, quiet: bool) -> Progress:
    """The progress that fits where it is shown."""
    if quiet:
        return QUIET
    return Bars(console) if console.is_terminal else Lines(console)


class _Figures(ProgressColumn):
    """Done of all, rate, time gone, time left."""

    def render(self, task: Task) -> Text:
        done = f"{task.completed:,.0f}"
        if task.total is not None:
            done += f"/{task.total:,.0f}"
        gone = task.finished_time if task.finished else task.elapsed
        words = [done, _rate(task.completed, gone or 0.0), duration(gone or 0.0)]
        left = task.time_remaining
        if not task.finished and left is not None:
            words.append(f"{duration(left)} left")
        return Text("  ".join(word for word in words if word))


def _rate(done: float, seconds: float) -> str:
    """How much a second, or how long for each.

    >>> _rate(500, 2.0), _rate(3, 60), _rate(1, 9)
    ('250/s', '20.0 s each', '')
    """
    if done < 2 or seconds <= 0:
        return ""
    rate = done / seconds
    return f"{rate:,.0f}/s" if rate >= 1 else f"{duration(seconds / done)} each"


@dataclass
class _Bar:
    """One bar; a step that does not know its size is full when it ends."""

    live: Live
    task: object

    def advance(self, n: int = 1, note: str = "") -> None:
        """Move on."""
        more = {"note": note} if note else {}
        self.live.update(self.task, advance=n, **more)  # type: ignore[arg-type]


@dataclass
class Bars:
    """Bars for a terminal; a step inside another one shows while it lasts."""

    console: Console
    _live: Live | None = field(default=None, init=False)
    _depth: int = field(default=0, init=False)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Begin a piece of work."""
        if self._live is None:
            self._live = self._begun()
        live, outer = self._live, self._depth == 0
        task = live.add_task("  " * self._depth + name, total=total, note="")
        self._depth += 1
        try:
            yield _Bar(live, task)
            if total is None:
                live.update(task, total=live.tasks[live.task_ids.index(task)].completed)
        finally:
            self._depth -= 1
            if outer:
                live.stop()
                self._live = None
            else:
                live.remove_task(task)

    def _begun(self) -> Live:
        live = Live(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            _Figures(),
            TextColumn("{task.fields[note]}", style="dim", markup=False),
            console=self.console,
        )
        live.start()
        return live


@dataclass
class _Count:
    """What was done in a step so far."""

    done: int = 0
    note: str = ""

    def advance(self, n: int = 1, note: str = "") -> None:
        """Count."""
        self.done += n
        self.note = note or self.note


@dataclass
class Lines:
    """One plain line for every finished step, for logs; steps far inside others say nothing."""

    console: Console
    _depth: int = field(default=0, init=False)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Begin a piece of work."""
        count, began = _Count(), monotonic()
        self._depth += 1
        try:
            yield count
        finally:
            self._depth -= 1
            if self._depth < 2:
                self._say(name, total, count, monotonic() - began)

    def _say(self, name: str, total: int | None, count: _Count, seconds: float) -> None:
        cut = total is not None and count.done < total
        done = f"{count.done:,}{f' of {total:,}' if cut else ''}"
        words = [done, duration(seconds), _rate(count.done, seconds), count.note]
        line = "  ".join(word for word in words if word)
        self.console.print(f"{'  ' * self._depth}{name}: {line}")
