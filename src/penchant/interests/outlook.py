"""The profile to come: what share of a person's acts of the next while each interest will have.

From a person's profiles at M steps, w_1 … w_M, four ways say the shares after the last:

    last value   w_M
    mean         (w_1 + … + w_M) / M
    smoothed     s_M,  s_t = a·w_t + (1 − a)·s_{t−1}
    learned      softmax( log w_M + B·h_M ),  h_t = GRU(h_{t−1}, [log w_t, log(1 + acts_t)])

a and the network are fitted by the likelihood of what people did after earlier steps; the network
begins as the last value. Which way speaks is decided by what people did in the newest step, which
none of them has seen. Smoothing: Brown, Exponential smoothing, 1956; GRU: Cho et al., Learning
phrase representations using RNN encoder–decoder, EMNLP 2014.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from penchant.errors import DataError
from penchant.random import derive, rng
from penchant.types import Doubles, Floats, Longs

if TYPE_CHECKING:
    import torch

RATES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""Rates a that smoothing is tuned over."""
_FLOOR = 1e-6
_BATCH = 128


@dataclass(frozen=True)
class Courses:
    """W windows of people's lives: `weights` [W × M × K] at M steps, oldest first; `acts` [W × M],
    how many since the step before; `came` [W × K], acts after the last step by interest."""

    weights: Floats
    acts: Floats
    came: Floats

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: Longs) -> "Courses":
        """Some of the windows."""
        return Courses(self.weights[rows], self.acts[rows], self.came[rows])

    @property
    def shares(self) -> Doubles:
        """What share of the acts to come each interest has [W × K]."""
        came = self.came.astype(np.float64)
        return np.asarray(came / np.maximum(came.sum(axis=1, keepdims=True), 1e-12))


Way = Callable[[Courses], Doubles]


@dataclass
class Learned:
    """The GRU; `hidden` units, at most so many `passes`, stopped early by some people's windows."""

    hidden: int = 32
    passes: int = 40
    patience: int = 4
    net_: "torch.nn.ModuleDict" = field(init=False, repr=False)

    def fit(self, courses: Courses, *, seed: int = 0) -> Self:
        """Learn what people did next from how their profiles moved."""
        import torch

        K, order = courses.weights.shape[2], rng(seed, "outlook").permutation(len(courses))
        kept, judge = np.split(order, [max(1, int(0.8 * len(order)))])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "outlook"))
            first, last = torch.nn.Linear(K + 1, self.hidden), torch.nn.Linear(self.hidden, K)
            gru = torch.nn.GRU(self.hidden, self.hidden, batch_first=True)
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.zeros_(last.bias)
        self.net_ = torch.nn.ModuleDict({"in": first, "gru": gru, "out": last})
        self._search(courses.take(kept), courses.take(judge), rng(seed, "outlook", "order"))
        return self

    def _search(self, courses: Courses, judge: Courses, draw: np.random.Generator) -> None:
        import torch

        from penchant.train.optimiser import adamw

        optimiser = adamw(self.net_, rate=2e-3, decay=0.05)
        best, good, waited = np.inf, self.net_.state_dict(), 0
        for _ in range(self.passes):
            loss = float(_loss(self(judge), judge).mean()) if len(judge) else 0.0
            waited = 0 if loss < best else waited + 1
            if loss < best:
                best = loss
                good = {name: x.clone() for name, x in self.net_.state_dict().items()}
            if waited == self.patience:
                break
            order = draw.permutation(len(courses))
            for a in range(0, len(order), _BATCH):
                some = courses.take(order[a : a + _BATCH])
                optimiser.zero_grad()
                said = torch.log_softmax(self._logits(some), dim=1)
                shares = torch.from_numpy(some.shares.astype(np.float32))
                (-(shares * said).sum() / len(some)).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
        self.net_.load_state_dict(good)

    def _logits(self, courses: Courses) -> "torch.Tensor":
        import torch

        known = np.log(np.maximum(courses.weights, _FLOOR))
        centre = known - known.mean(axis=2, keepdims=True)
        x = np.concatenate([centre, np.log1p(courses.acts)[:, :, None]], axis=2)
        moved, _ = self.net_["gru"](torch.tanh(self.net_["in"](torch.from_numpy(x))))
        logits: torch.Tensor = torch.from_numpy(known[:, -1]) + self.net_["out"](moved[:, -1])
        return logits

    def __call__(self, courses: Courses) -> Doubles:
        """Shares of the acts to come [W × K]."""
        import torch

        with torch.no_grad():
            said = torch.softmax(self._logits(courses), dim=1).numpy()
        return np.asarray(said, np.float64)


def smoothed(courses: Courses, rate: float) -> Doubles:
    """Exponential smoothing over the steps [W × K]."""
    found = courses.weights[:, 0].astype(np.float64)
    for step in range(1, courses.weights.shape[1]):
        found = rate * courses.weights[:, step] + (1.0 - rate) * found
    return found


def _loss(said: Doubles, courses: Courses) -> Doubles:
    """Log loss of each window's shares [W], in nats."""
    known = np.log(np.maximum(said, _FLOOR))
    return np.asarray(-(courses.shares * known).sum(axis=1))


@dataclass(frozen=True)
class Trial:
    """How well one way said a step that it had not seen: log loss in nats with its 95 % interval,
    over so many people."""

    way: str
    log_loss: float
    low: float
    high: float
    people: int


@dataclass
class Outlook:
    """Which way says best what comes next on one level, and that way."""

    rate_: float = field(init=False)
    learned_: Learned = field(init=False, repr=False)
    way_: str = field(init=False)
    trials_: tuple[Trial, ...] = field(init=False)

    def fit(self, earlier: Courses, newest: Courses, *, seed: int = 0) -> Self:
        """Fit each way to earlier steps, choose by the newest one.

        Raises:
            DataError: nobody acted both before a step and after it.
        """
        if not len(earlier) or not len(newest):
            raise DataError(
                f"forecast: {len(earlier):,} people acted before and after an earlier step and "
                f"{len(newest):,} around the newest; expected some. Ask for a shorter step"
            )
        losses = [_loss(smoothed(earlier, rate), earlier).mean() for rate in RATES]
        self.rate_ = RATES[int(np.argmin(losses))]
        self.learned_ = Learned().fit(earlier, seed=seed)
        self.trials_ = self.tried(newest)
        self.way_ = min(self.trials_, key=lambda trial: trial.log_loss).way
        return self

    def tried(self, courses: Courses) -> tuple[Trial, ...]:
        """How well each way says what came after some windows."""
        trials = []
        for name, way in self.ways().items():
            loss = _loss(way(courses), courses)
            wide = 1.96 * float(loss.std()) / np.sqrt(len(loss))
            mean = float(loss.mean())
            trials.append(Trial(name, mean, mean - wide, mean + wide, len(courses)))
        return tuple(trials)

    def ways(self) -> dict[str, Way]:
        """Every way by name."""
        return {
            "last value": lambda courses: courses.weights[:, -1].astype(np.float64),
            "mean": lambda courses: courses.weights.mean(axis=1, dtype=np.float64),
            "smoothed": lambda courses: smoothed(courses, self.rate_),
            "learned": self.learned_,
        }

    def __call__(self, courses: Courses) -> Doubles:
        """Shares of the acts to come [W × K], by the best way; rows sum to 1."""
        found = self.ways()[self.way_](courses)
        return np.asarray(found / found.sum(axis=1, keepdims=True))
