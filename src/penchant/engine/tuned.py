"""What a search over settings found: the best, by how much, and every trial."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from penchant.config import Config
from penchant.engine.config import EngineConfig
from penchant.engine.validation import Aside
from penchant.evaluate.significance import Paired
from penchant.store.files import write_text
from penchant.train.knobs import text
from penchant.train.space import Settings, Space
from penchant.train.study import Tried
from penchant.train.tune import best_of


@dataclass(frozen=True)
class Tuning:
    """What a search found.

    `config`: all settings, with the best of the space; `lead`: the best trial's mean lead over the
    default settings on the same users, its interval corrected for how many trials were compared
    (None: the default is the best). `before`: trials that were there when it began. `study`:
    whether it went on with an earlier one, and where it is kept. `stopped`: why it ended.
    """

    metric: str
    space: Space
    trials: tuple[Tried, ...]
    defaults: Settings
    config: EngineConfig
    lead: Paired | None
    aside: Aside
    users: int
    before: int
    study: str
    folder: Path | None
    stopped: str
    impossible: int = 0

    @property
    def best(self) -> Tried:
        """The trial with the highest value; the first of equals."""
        return best_of(self.trials)

    @property
    def settings(self) -> Settings:
        """The best trial's settings by dotted name; empty where the default is the best."""
        return dict(self.best.settings)

    @property
    def value(self) -> float:
        """The best trial's value."""
        return self.best.means[-1]

    @property
    def default_value(self) -> float:
        """The value of the default settings."""
        return self.trials[0].means[-1]

    @property
    def better(self) -> bool:
        """Whether the best trial's lead over the default is beyond chance."""
        return self.lead is not None and self.lead.low > 0

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return self.stopped == "interrupted"

    def to_frame(self) -> pl.DataFrame:
        """A row a trial: number, state, value, means by fold, seconds, then each setting of the
        space (as JSON where it is no plain number or word), and what went wrong."""
        columns: dict[str, Any] = {
            "number": [t.number for t in self.trials],
            "state": [t.state for t in self.trials],
            self.metric: pl.Series([t.value for t in self.trials], dtype=pl.Float64),
            "means": pl.Series([list(t.means) for t in self.trials], dtype=pl.List(pl.Float64)),
            "seconds": [t.seconds for t in self.trials],
        }
        for name in self.space.names:
            columns[name] = _column([(t.settings or self.defaults)[name] for t in self.trials])
        return pl.DataFrame(
            columns | {"error": pl.Series([t.error or None for t in self.trials], dtype=pl.String)}
        )

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "metric": self.metric,
            "best": {"number": self.best.number, "value": self.value, "settings": self.settings},
            "default": {"value": self.default_value, "settings": self.defaults},
            "lead": None if self.lead is None else _lead(self.lead),
            "better": self.better,
            "users": self.users,
            "stopped": self.stopped,
            "study": self.study,
            "folder": None if self.folder is None else str(self.folder),
            "before": self.before,
            "impossible": self.impossible,
            "aside": {
                "split": self.aside.split.kind,
                "events": self.aside.events,
                "cut": None if self.aside.cut is None else self.aside.cut.isoformat(),
            },
            "space": self.space.to_json(),
            "trials": [_plain(t, t.settings or self.defaults) for t in self.trials],
        }

    def to_toml(self) -> str:
        """The settings to learn with, as TOML: what differs from Penchant's own defaults."""
        import tomli_w

        head = "".join(f"# {line}\n" for line in self.verdict().splitlines())
        told = tomli_w.dumps(_differing(self.config, EngineConfig()))
        return (
            f"# Found by `penchant tune`; learn with it: penchant fit --config FILE\n{head}{told}"
        )

    def write(self, path: str | Path) -> Path:
        """Write `to_toml` to a file, which `penchant fit --config` reads."""
        where = Path(path)
        where.parent.mkdir(parents=True, exist_ok=True)
        write_text(where, self.to_toml())
        return where

    def verdict(self) -> str:
        """Two or three lines: how good, and how sure."""
        done = sum(t.state == "done" for t in self.trials)
        pruned = sum(t.state == "pruned" for t in self.trials)
        failed = sum(t.state == "failed" for t in self.trials)
        some = [f"{done} seen through"]
        some += [f"{pruned} stopped early"] if pruned else []
        some += [f"{failed} failed"] if failed else []
        lines = [f"{_count(len(self.trials), 'trial')} ({', '.join(some)}), {self.users:,} users"]
        default = f"default {self.metric} {self.default_value:.4f}"
        if self.lead is None:
            return "\n".join([*lines, f"{default}: {self._nothing_better()}"])
        lead, compared = self.lead, _count(done + pruned - 1, "comparison")
        lines.append(
            f"best {self.metric} {self.value:.4f} (trial {self.best.number}), {default}: lead "
            f"{lead.difference:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}] "
            f"(95 %, corrected for {compared})"
        )
        if not self.better:
            lines.append("no better than the default beyond chance: the interval holds zero")
        return "\n".join(lines)

    def _nothing_better(self) -> str:
        others = len(self.trials) - 1
        if not others:
            return "no other settings were tried"
        return f"no better than the default; none of {_count(others, 'other setting')} was higher"

    def __str__(self) -> str:
        """What was found, in a few lines."""
        lines = [self.verdict()]
        lines += [f"  {name} = {text(value)}" for name, value in self.settings.items()]
        lines += [f"ended: {self.stopped}", str(self.aside)]
        return "\n".join(lines)


def _column(values: list[Any]) -> pl.Series:
    """Values as they are where a column can hold them, else as JSON."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int} or kinds <= {int, float}:
        return pl.Series(values, dtype=pl.Int64 if kinds <= {int} else pl.Float64, strict=False)
    if kinds in ({str}, {bool}):
        return pl.Series(values)
    return pl.Series([None if value is None else text(value) for value in values])


def _plain(tried: Tried, settings: Settings) -> dict[str, Any]:
    return {
        "number": tried.number,
        "state": tried.state,
        "value": tried.value,
        "means": list(tried.means),
        "seconds": tried.seconds,
        "settings": settings,
        "error": tried.error or None,
    }


def _lead(lead: Paired) -> dict[str, Any]:
    return {
        "difference": lead.difference,
        "low": lead.low,
        "high": lead.high,
        "p": lead.p_randomisation,
        "users": lead.users,
    }


def _differing(ours: Config, usual: Config) -> dict[str, Any]:
    """Settings that are not as they would be if nothing was said."""
    found: dict[str, Any] = {}
    plain = ours.model_dump(mode="json", exclude_none=True)
    for name in type(ours).model_fields:
        mine, theirs = getattr(ours, name), getattr(usual, name)
        if isinstance(mine, Config) and isinstance(theirs, Config):
            if inner := _differing(mine, theirs):
                found[name] = inner
        elif mine != theirs:
            found[name] = plain[name]
    return found


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"
