"""The memory of a search: what was tried and how it went, kept by Optuna, and what it proposes.

The only file that knows Optuna. A study with a folder is Optuna's own journal, so that its tools
read it too; a trial is written when it is over, in one piece, and an interrupted one leaves nothing
behind. Values of single persons lie beside it, as arrays without names.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from penchant.errors import CorruptModelError, MissingExtraError
from penchant.train.knobs import Choices, Knob, Range, text
from penchant.train.space import Settings, Space
from penchant.types import Doubles

State = Literal["done", "pruned", "failed"]
JOURNAL: Final = "journal.log"
NAME: Final = "penchant"
_NOTE: Final = "penchant"  # our own words on an Optuna trial


@dataclass(frozen=True)
class Tried:
    """One trial: its settings, and the mean over all asked so far after each fold.

    `done`: all folds; `pruned`: stopped as it was clearly behind; `failed`: it could not be
    learned, `error` says why. `key` is the same for settings that mean the same.
    """

    number: int
    settings: Settings
    key: str
    state: State
    means: tuple[float, ...]
    seconds: float
    error: str = ""

    @property
    def value(self) -> float | None:
        """The mean over all who were asked, where all folds were seen."""
        return self.means[-1] if self.state == "done" else None


class Study:
    """Trials of one space: those of before, where a folder is given, and those to come.

    Nobody else may write to the folder at the same time.

    Raises:
        MissingExtraError: the extra `tune` is not installed.
        CorruptModelError: what is in the folder cannot be read.
    """

    def __init__(self, space: Space, folder: Path | None = None) -> None:
        self.space, self.folder = space, folder
        self._optuna = _optuna()
        self._values: dict[int, Doubles] = {}
        try:
            self._kept = self._opened(folder)
            self.tried = [_read(t) for t in self._kept.trials]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptModelError(
                f"{folder}: the study cannot be read ({error!r}). Remove the folder to tune anew"
            ) from None

    def _opened(self, folder: Path | None) -> Any:
        with _quiet(self._optuna):
            return self._optuna.create_study(
                study_name=NAME,
                storage=None if folder is None else self._journal(folder),
                direction="maximize",
                load_if_exists=True,
            )

    def _journal(self, folder: Path) -> Any:
        _mend(folder)
        journal = self._optuna.storages.journal
        return self._optuna.storages.JournalStorage(
            journal.JournalFileBackend(str(folder / JOURNAL))
        )

    def proposed(self, seed: int, startup: int) -> Settings:
        """Where the next trial might be good, by what came of those before (TPE).

        Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011.
        """
        samplers, knobs = self._optuna.samplers, self.space.knobs
        sampler = samplers.TPESampler(n_startup_trials=startup, seed=seed % 2**32)
        with _quiet(self._optuna):
            known = self._optuna.create_study(direction="maximize", sampler=sampler)
            states = self._optuna.trial.TrialState
            known.add_trials([t for t in self._kept.trials if t.state != states.FAIL])
            asked = known.ask({name: self._distribution(knob) for name, knob in knobs.items()})
        return {name: _told(knob, asked.params[name]) for name, knob in knobs.items()}

    def behind(self, means: Sequence[float], startup: int) -> bool:
        """Whether a trial with these means so far is clearly behind: below the median of the
        trials that were seen through, at the same fold."""
        pruner = self._optuna.pruners.MedianPruner(n_startup_trials=startup)
        running = self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.RUNNING, intermediate_values=dict(enumerate(means))
        )
        return bool(pruner.prune(self._kept, running))

    def add(self, tried: Tried, inside: Mapping[str, Any], values: Doubles | None = None) -> None:
        """Note a trial that is over; `inside` are those of its settings that lie in the space,
        `values` those of everybody who was asked [B]."""
        if values is not None:
            self._keep(tried.number, values)
        states, knobs = self._optuna.trial.TrialState, self.space.knobs
        told = {name: _said(knobs[name], value) for name, value in inside.items()}
        done = tried.state == "done"
        state = {"done": states.COMPLETE, "pruned": states.PRUNED, "failed": states.FAIL}
        self._kept.add_trial(
            self._optuna.trial.create_trial(
                state=state[tried.state],
                value=tried.means[-1] if done else None,
                params=told,
                distributions={name: self._distribution(knobs[name]) for name in told},
                intermediate_values=dict(enumerate(tried.means)),
                user_attrs={_NOTE: json.loads(text(asdict(tried)))},
            )
        )
        self.tried.append(tried)

    def values(self, number: int) -> Doubles:
        """The values of everybody who was asked in a trial [B].

        Raises:
            CorruptModelError: they cannot be read any more.
        """
        if self.folder is None:
            return self._values[number]
        path = self._path(self.folder, number)
        try:
            found: Doubles = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise CorruptModelError(
                f"{path}: cannot be read ({error}). Remove the folder {self.folder} to tune anew"
            ) from None
        return found

    def _keep(self, number: int, values: Doubles) -> None:
        if self.folder is None:
            self._values[number] = values
            return
        np.save(self._path(self.folder, number), values)

    @staticmethod
    def _path(folder: Path, number: int) -> Path:
        return folder / f"trial-{number:05}.npy"

    def _distribution(self, knob: Knob) -> Any:
        made = self._optuna.distributions
        if isinstance(knob, Choices):
            return made.CategoricalDistribution(tuple(map(text, knob.values)))
        if knob.whole:
            step = int(knob.step or 1)
            return made.IntDistribution(int(knob.low), int(knob.top), log=knob.log, step=step)
        return made.FloatDistribution(knob.low, knob.top, log=knob.log, step=knob.step)


def _said(knob: Knob, value: Any) -> Any:
    """A value as Optuna keeps it: choices as JSON, as it takes no lists."""
    return text(value) if isinstance(knob, Choices) else value


def _told(knob: Knob, value: Any) -> Any:
    """A value as Optuna says it."""
    return knob.nearest(value) if isinstance(knob, Range) else json.loads(value)


def _read(trial: Any) -> Tried:
    note = trial.user_attrs[_NOTE]
    return Tried(**{**note, "means": tuple(note["means"])})


def _mend(folder: Path) -> None:
    """Take away what a process left that was killed while it wrote: half a line, and its lock."""
    for lock in folder.glob(f"{JOURNAL}.lock*"):
        lock.unlink()
    path = folder / JOURNAL
    written = path.read_bytes() if path.exists() else b""
    if not written.endswith(b"\n") and written:
        path.write_bytes(written[: written.rfind(b"\n") + 1])


def needed() -> None:
    """Whether there is what a search needs.

    Raises:
        MissingExtraError: the extra `tune` is not installed.
    """
    _optuna()


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError(
            f"tuning needs Optuna ({error}): pip install 'penchant[tune]'"
        ) from error
    return optuna


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Optuna tells of every study on stderr; what it is told to is put back afterwards."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
