"""The dynamic layer: score = ⟨d_u(t), v_i⟩, with d_u(t) from a network over the last events."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from penchant.config import Config
from penchant.data.augment import AugmentConfig
from penchant.data.moments import Moments
from penchant.errors import ConfigError
from penchant.interests.dynamic.asleep import KEPT, Asleep
from penchant.interests.layer import Catalogue, Training
from penchant.interests.terms import Product, Term
from penchant.train.batches import asked
from penchant.types import Floats, State

if TYPE_CHECKING:
    from penchant.interests.dynamic.heading import Heading

_STEP, _LARGEST = 2048, 32_768  # events a step
_STEPS = 500  # steps a pass between the two
_FEW = 128  # moments that are asked together without torch, where there is a way
Network = Literal["transformer", "gru", "lstm", "cnn", "mlp"]


class DynamicConfig(Config):
    """The dynamic layer: which network, how large, how it learns."""

    kind: Network = "transformer"
    """transformer | gru | lstm | cnn | mlp."""
    dims: int = Field(128, ge=4)
    """Width of item and event vectors."""
    blocks: int = Field(1, ge=1)
    """Blocks, or layers of cells."""
    heads: int = Field(1, ge=1)
    """Attention heads; must divide `dims`."""
    length: int = Field(50, ge=1)
    """Events looked at."""
    dropout: float = Field(0.2, ge=0.0, lt=1.0)
    """Share of activations dropped in training."""
    id_dropout: float = Field(0.1, ge=0.0, lt=1.0)
    """Share of items that must do without e_i at each step."""
    temperature: float = Field(0.07, gt=0.0)
    """Cosines are divided by this before the softmax."""
    rate: float = Field(2e-3, gt=0.0)
    """Learning rate of AdamW."""
    decay: float = Field(0.01, ge=0.0)
    """Weight decay of AdamW."""
    average: float = Field(0.999, ge=0.0, lt=1.0)
    """At most so much of the running mean of the weights is left by a step: the mean is what is
    asked. It reaches back over a ninth of the steps at first. 0: the weights themselves are."""
    epochs: int = Field(25, ge=1)
    """At most so many passes over the log."""
    events: int = Field(10_000_000, ge=1)
    """At most about so many events in all passes together: of a log with more, one pass sees a
    part, drawn at random."""
    patience: int = Field(default=5, ge=1)
    """Passes without a better held-out NDCG@10 before it stops."""
    batch: int | None = Field(None, ge=8)
    """About so many events a step. None: 2,048, or a five-hundredth of a log that is larger than a
    million, up to 32,768."""
    negatives: int = Field(1024, ge=16)
    """Items in the softmax: all where there are no more than three times as many, else, for every
    512 places, their targets and so many more, corrected for how likely each was to be drawn."""
    augment: AugmentConfig = AugmentConfig()
    """Changes to training sequences; off by default."""

    def passes(self, events: int) -> int:
        """At most so many passes over a log of so many events."""
        return max(1, min(self.epochs, self.events // max(events, 1)))

    def step(self, events: int) -> int:
        """About so many events a step."""
        return self.batch or min(max(_STEP, events // _STEPS), _LARGEST)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.dims % self.heads:
            raise ConfigError(f"heads: {self.heads} came; expected a divisor of dims, {self.dims}")
        return self


@dataclass
class DynamicLayer:
    """The dynamic layer over any of the networks."""

    kind: ClassVar[str] = "dynamic"
    config: DynamicConfig = field(default_factory=DynamicConfig)
    both_ways: bool = False
    """Whether the network sees the whole sequence (the bidirectional base layer)."""
    epochs_: int = field(init=False, default=0)
    _net: "Heading | Asleep" = field(init=False, repr=False)

    @property
    def net_(self) -> "Heading":
        """The network; one that was read back wakes when it is first asked for."""
        return self._net.woken() if isinstance(self._net, Asleep) else self._net

    @net_.setter
    def net_(self, net: "Heading") -> None:
        """One that was learned."""
        self._net = net

    def fit(self, training: Training) -> Self:
        """Learn by saying each next event of the log; stop when held-out moments say so."""
        from penchant.interests.dynamic.learn import learn

        self.net_, self.epochs_ = learn(self.config, training, both_ways=self.both_ways)
        return self

    def refit(self, training: Training) -> Self:
        """Learn from the larger log, with as many passes as were best."""
        from penchant.interests.dynamic.learn import learn_again

        self.net_ = learn_again(self.net_, self.config, training, max(self.epochs_, 1))
        return self

    def score(self, moments: Moments) -> Floats:
        """⟨d_u(t), v_i⟩ over the temperature [B × I]; 0 where there is no event."""
        events = asked(moments, self.config.length)
        quick = self._net.quick if len(moments) <= _FEW else None
        if quick is None:
            return self.net_.score(events)
        return np.asarray(quick.toward(events) @ self._net.kept.rows.T, np.float32)

    def terms(self, moments: Moments) -> list[list[Term]]:
        """⟨d_u(t), v_i⟩ over the temperature; nothing where there is no event."""
        if not len(moments.item):
            return [[] for _ in range(len(moments))]
        events, quick = asked(moments, self.config.length), self._net.quick
        toward = self.net_.toward(events) if quick is None else quick.toward(events)
        found: list[list[Term]] = [[] for _ in range(len(moments))]
        some = np.flatnonzero(moments.length)
        for b, product in zip(some, Product.each(toward[some], self._net.kept), strict=True):
            found[b].append(product)
        return found

    def state(self) -> State:
        """The network's weights, and the items' vectors."""
        arrays = {name: t.detach().cpu().numpy() for name, t in self.net_.state_dict().items()}
        return arrays | {KEPT: self.net_.kept.rows}, {"epochs": self.epochs_}

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up the weights."""
        arrays, values = state
        self._net = Asleep.of(self.config, self.both_ways, arrays, catalogue)
        self.epochs_ = values["epochs"]
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """New items have their texts and places in the tree."""
        self._net = self._net.extended(catalogue)
