"""What a figure rests on: data, settings, seed, version, machine, date, time and memory."""

import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import polars as pl

from penchant.clock import Clock, now
from penchant.cores import cores


@dataclass(frozen=True)
class Fingerprint:
    """What a figure rests on; two evaluations with the same `data`, `config` and `seed` agree.

    seconds: wall time by step; memory: the process's highest resident size so far, in MiB.
    """

    data: str
    config: dict[str, Any]
    seed: int
    version: str
    date: str
    hardware: str
    seconds: dict[str, float] = field(default_factory=dict)
    memory: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def fingerprint(
    *tables: pl.DataFrame,
    config: Mapping[str, Any],
    seed: int,
    seconds: Mapping[str, float] | None = None,
    clock: Clock = now,
) -> Fingerprint:
    """Describe what an evaluation rests on, here and now."""
    return Fingerprint(
        data="-".join(data_hash(table) for table in tables),
        config=dict(config),
        seed=seed,
        version=str(import_module("penchant").__version__),
        date=clock().isoformat(timespec="seconds"),
        hardware=hardware(),
        seconds={name: round(s, 3) for name, s in (seconds or {}).items()},
        memory=peak_memory(),
    )


def data_hash(table: pl.DataFrame) -> str:
    """16 hex digits of a table's content, whatever the order of its rows and columns.

    Stable for one version of Polars, whose hash of a row it sums.

    >>> a = pl.DataFrame({"user_id": ["u", "v"]})
    >>> data_hash(a) == data_hash(a.reverse())
    True
    """
    rows = table.select(sorted(table.columns)).hash_rows(seed=17)
    mixed = int(rows.cast(pl.UInt64).sum() if len(rows) else 0) + 31 * table.height
    return f"{mixed % 2**64:016x}"


def hardware() -> str:
    """Processor, cores that may be used, and system, in one line."""
    n = cores()
    kind = platform.processor() or platform.machine()
    python = ".".join(map(str, sys.version_info[:3]))
    count = "1 core" if n == 1 else f"{n} cores"
    return f"{kind}, {count}, {platform.system()}, Python {python}"


def peak_memory() -> float | None:
    """Highest resident memory of this process so far in MiB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # not on this system
        return None
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(size / (2**20 if sys.platform == "darwin" else 2**10), 1)
