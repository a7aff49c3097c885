"""The words of every signature: arrays, counts of what was set aside, progress.

Shape letters, the same everywhere:

    U users    I items    E events    B moments asked about at once    N events of one moment
    D width of a vector    L levels of the tree    K nodes of a level
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Arrays: TypeAlias = dict[str, npt.NDArray[Any]]
State: TypeAlias = tuple[Arrays, dict[str, Any]]
"""What a fitted part saves: named arrays (safetensors) and plain values (JSON)."""


@dataclass(frozen=True)
class Finding:
    """One thing that was set aside, changed or noticed, and how often.

    Examples hold a few of the values met, never whole rows.
    """

    step: str
    what: str
    count: int
    total: int | None = None
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for people."""
        of = f" of {self.total:,}" if self.total is not None else ""
        some = f" (e.g. {', '.join(self.examples)})" if self.examples else ""
        return f"{self.step}: {self.what}: {self.count:,}{of}{some}"


@dataclass
class Report:
    """What happened to the data on its way in: nothing is dropped or changed without a line here.

    >>> report = Report()
    >>> report.add("clean", "exact duplicates set aside", 3, total=100)
    >>> print(report)
    clean: exact duplicates set aside: 3 of 100
    """

    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        step: str,
        what: str,
        count: int,
        *,
        total: int | None = None,
        examples: Sequence[object] = (),
    ) -> None:
        """Note a finding; a count of zero is not noted."""
        if count:
            some = tuple(str(e)[:60] for e in examples[:3])
            self.findings.append(Finding(step, what, int(count), total, some))

    def extend(self, other: "Report") -> None:
        """Take over another report's findings."""
        self.findings.extend(other.findings)

    def count(self, what: str) -> int:
        """How often a thing was found, over all steps."""
        return sum(f.count for f in self.findings if f.what == what)

    def to_frame(self) -> "pl.DataFrame":
        """The findings as a table: step, what, count, total, examples."""
        import polars as pl

        return pl.DataFrame(
            [(f.step, f.what, f.count, f.total, list(f.examples)) for f in self.findings],
            schema={
                "step": pl.String,
                "what": pl.String,
                "count": pl.Int64,
                "total": pl.Int64,
                "examples": pl.List(pl.String),
            },
            orient="row",
        )

    def to_json(self) -> list[dict[str, Any]]:
        """The findings as plain values."""
        return [
            {
                "step": f.step,
                "what": f.what,
                "count": f.count,
                "total": f.total,
                "examples": list(f.examples),
            }
            for f in self.findings
        ]

    def __str__(self) -> str:
        """One line a finding."""
        return "\n".join(str(f) for f in self.findings) or "nothing was set aside"


class Step(Protocol):
    """One long piece of work, being done."""

    def advance(self, n: int = 1, note: str = "") -> None:
        """Say that n more units are done, and maybe how it goes (`loss 5.1`)."""
        ...


class Progress(Protocol):
    """Who is told how long work goes; the command line draws bars with it."""

    def step(self, name: str, total: int | None = None) -> AbstractContextManager[Step]:
        """Begin a piece of work of so many units (None: unknown)."""
        ...


class Quiet:
    """Progress that nobody watches: the default of the library."""

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Begin a piece of work that nobody watches."""
        yield self

    def advance(self, n: int = 1, note: str = "") -> None:
        """Say nothing."""


QUIET = Quiet()
