"""Where things are said: answers on standard output, notes and progress on standard error."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from penchant.types import Progress, Report

PIPED: Final = 120
"""Columns of a table that goes to a file or a pipe, where COLUMNS does not say otherwise."""


@dataclass(frozen=True)
class Output:
    """Speaks to people in tables, to scripts in JSON."""

    json: bool = False
    quiet: bool = False

    @cached_property
    def console(self) -> "Console":
        """Standard output; nothing that comes from data is taken as markup."""
        return _console(markup=False)

    @cached_property
    def notes(self) -> "Console":
        """Standard error."""
        from rich.console import Console

        return Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)

    @cached_property
    def progress(self) -> "Progress":
        """Bars on a terminal, a line a step elsewhere, nothing when quiet."""
        from penchant.cli.progress import chosen

        return chosen(self.notes, self.quiet)

    def answer(
        self, plain: Callable[[], Any], *shown: "RenderableType", markup: bool = False
    ) -> None:
        """The answer of a verb: `plain` as JSON where it was asked for, else what is shown."""
        if self.json:
            write_json(plain())
            return
        console = _console(markup=True) if markup else self.console
        if not shown:
            return
        if console.is_terminal:
            console.print(*shown, sep="\n")
            return
        with console.capture() as capture:
            console.print(*shown, sep="\n")
        lines = (line.rstrip() for line in capture.get().splitlines())
        sys.stdout.write("".join(f"{line}\n" for line in lines))

    def text(self, plain: Callable[[], Any], text: str) -> None:
        """An answer that programs read too, as TOML: written as it is, however long its lines."""
        if self.json:
            write_json(plain())
        else:
            sys.stdout.write(f"{text}\n")

    def note(self, text: str) -> None:
        """Something worth knowing, beside the answer."""
        if not self.quiet:
            self.notes.print(text, style="dim")

    def report(self, report: "Report", head: str = "set aside, changed or noticed") -> None:
        """What happened to data on the way, as notes."""
        if report.findings:
            self.note(f"{head}:")
        for finding in report.findings:
            self.note(f"  {finding}")


def write_json(value: Any) -> None:
    """Plain values as JSON on standard output; what is not a number is null."""
    json.dump(_finite(value), sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and value - value != 0:  # inf and nan
        return None
    return value


def _console(markup: bool) -> "Console":
    import os

    from rich.console import Console

    console = Console(markup=markup, highlight=False, emoji=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = PIPED
    return console
