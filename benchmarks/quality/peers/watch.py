"""Who looks at a model while it learns: validation figures, early stopping, the end of the time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import process_time
from typing import Any, Protocol

from benchmarks.quality.lists import Lists
from benchmarks.quality.peers.part import Part


class Watch(Protocol):
    """Asked after every epoch."""

    def enough(self, lists: Callable[[], Lists]) -> bool:
        """Whether to stop here; `lists` makes the answers of the model as it is now."""
        ...


class Unwatched:
    """Nobody looks: learn as long as the settings say."""

    def enough(self, lists: Callable[[], Lists]) -> bool:
        """Never."""
        return False


UNWATCHED = Unwatched()


@dataclass
class Stopwatch:
    """Judges after every epoch; stops when `patience` epochs and `rest` seconds brought nothing, or
    time is over: where an epoch is short, a few of them say little.

    Times are of the clock, processor time where none is given: the same on a shared machine.
    """

    judge: Callable[[Lists], float]
    deadline: float
    patience: int = 10
    rest: float = 0.0
    epochs: int = 0
    best: float = -1.0
    best_epoch: int = 0
    best_at: float = 0.0
    reached: list[tuple[float, float]] = field(default_factory=list)
    stopped: str = "end"
    target: float | None = None
    clock: Callable[[], float] = process_time

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.judging = 0.0

    @property
    def seconds(self) -> float:
        """Time spent so far without judging."""
        return self.clock() - self.began - self.judging

    def enough(self, lists: Callable[[], Lists]) -> bool:
        """Judge, remember, and say whether to stop."""
        began = self.clock()
        value = self.judge(lists())
        self.judging += self.clock() - began
        self.epochs += 1
        self.reached.append((round(self.seconds, 2), value))
        if value > self.best:
            self.best, self.best_epoch, self.best_at = value, self.epochs, self.seconds
        print(f"    epoch {self.epochs}: {value:.5f} ({self.seconds:.0f} s)", flush=True)
        if self.target is not None and self.best >= self.target:
            self.stopped = "target"
        elif self._idle():
            self.stopped = "patience"
        elif self.clock() > self.deadline:
            self.stopped = "time"
        else:
            return False
        return True

    def _idle(self) -> bool:
        epochs, seconds = self.epochs - self.best_epoch, self.seconds - self.best_at
        return epochs >= self.patience and seconds >= self.rest

    def told(self) -> dict[str, Any]:
        """What was seen, for the record."""
        return {
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds_to_best": round(self.best_at, 2),
            "stopped": self.stopped,
            "curve": [[s, round(v, 5)] for s, v in self.reached],
        }


class Peer(Protocol):
    """Anything that learns from a part and answers its asks."""

    def fit(self, part: Part, watch: Watch = UNWATCHED) -> "Peer":
        """Learn from the training events."""
        ...

    def lists(self, part: Part) -> Lists:
        """The best items of every ask."""
        ...
