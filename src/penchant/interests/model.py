"""The interest model: layers, their fusion, and the score that stays a sum.

    s(u, i, t, c) = α_b · base_i(u, t) + α_c · context_i(u, c) + α_d · ⟨d_u(t), v_i⟩ + α_p · pop_i(t)
    P(i | u, t, c) = softmax_i( s(u, i, t, c) )
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np

from penchant.config import Config
from penchant.data.histories import Histories, Moments
from penchant.interests.base.bidirectional import BidirectionalBase
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.interests.context.layer import ContextConfig, ContextLayer
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.fusion import Fusion, FusionConfig
from penchant.interests.layer import Catalogue, Layer, Training
from penchant.interests.popularity import Popularity, PopularityConfig
from penchant.train.holdout import Holdout, HoldoutConfig, hold_out
from penchant.types import QUIET, Floats, Progress, State

LAYERS = ("base", "context", "dynamic", "popularity")


class BaseConfig(Config):
    """The base layer."""

    kind: Literal["linear", "svd", "bidirectional", "none"] = "linear"
    """linear | svd | bidirectional | none."""
    linear: LinearConfig = LinearConfig()
    """For `linear` and `svd`."""
    network: DynamicConfig = DynamicConfig()
    """For `bidirectional`."""


class InterestsConfig(Config):
    """The three layers and how they are put together."""

    base: BaseConfig = BaseConfig()
    """What a person has long liked."""
    context: ContextConfig = ContextConfig()
    """What the situation shifts."""
    dynamic: DynamicConfig = DynamicConfig()
    """Where the person is heading."""
    popularity: PopularityConfig = PopularityConfig()
    """What everybody turns to."""
    fusion: FusionConfig = FusionConfig()
    """How much each counts."""
    holdout: HoldoutConfig = HoldoutConfig()
    """What layers are chosen and mixed by."""
    layers: tuple[Literal["base", "context", "dynamic", "popularity"], ...] = LAYERS
    """Layers in use."""


@dataclass(frozen=True)
class Parts:
    """Each layer's share of some scores: they add up to the score.

    names [P], alpha [B × P], values [P × B × I] (α included).
    """

    names: tuple[str, ...]
    alpha: Floats
    values: Floats

    @property
    def score(self) -> Floats:
        """s [B × I]: the parts, added in order."""
        total = self.values[0].copy()
        for part in self.values[1:]:
            total += part
        return total


@dataclass
class InterestModel:
    """Learns from a log; then knows, for any moment, how likely each item is next."""

    config: InterestsConfig = field(default_factory=InterestsConfig)
    name: str = "penchant"
    catalogue: Catalogue = field(init=False, repr=False)
    layers: dict[str, Layer] = field(init=False, repr=False)
    fusion: Fusion = field(init=False, repr=False)
    repeats_: bool = field(init=False)

    def fit(
        self,
        catalogue: Catalogue,
        log: Histories,
        *,
        repeats: bool,
        seed: int = 0,
        progress: Progress = QUIET,
        scratch: Path | None = None,
    ) -> Self:
        """Hold some outcomes out, learn the layers, mix them by the outcomes, learn from all."""
        left, holdout = hold_out(log, self.config.holdout, repeats=repeats, seed=seed)
        training = Training(catalogue, left, holdout, repeats, seed, progress, scratch)
        self.catalogue, self.repeats_ = catalogue, repeats
        self.layers = {name: layer.fit(training) for name, layer in self._made().items()}
        self.fusion = Fusion(self.config.fusion, tuple(self.layers))
        if len(holdout):
            self._fuse(holdout, seed, progress)
        else:
            self.fusion.without_evidence()
        whole = replace(training, log=log)
        self.layers = {name: layer.refit(whole) for name, layer in self.layers.items()}
        return self

    def _fuse(self, holdout: Holdout, seed: int, progress: Progress) -> None:
        with progress.step("fusion", len(self.layers) + 1) as step:
            scores = {}
            for name, layer in self.layers.items():
                scores[name] = layer.score(holdout.moments)
                step.advance()
            self.fusion.fit(scores, holdout, seed=seed)
            step.advance()

    def _made(self) -> dict[str, Layer]:
        c = self.config
        base: Layer
        if c.base.kind == "bidirectional":
            base = BidirectionalBase(c.base.network)
        else:
            base = LinearBase(c.base.linear, "svd" if c.base.kind == "svd" else "closed")
        made: dict[str, Layer] = {
            "base": base,
            "context": ContextLayer(c.context),
            "dynamic": DynamicLayer(c.dynamic),
            "popularity": Popularity(c.popularity),
        }
        off = {"base"} if c.base.kind == "none" else set()
        return {name: made[name] for name in LAYERS if name in c.layers and name not in off}

    def parts(self, moments: Moments) -> Parts:
        """Every layer's part of every item's score [P × B × I]."""
        alpha = self.fusion.alpha(moments)
        values = np.stack(
            [
                alpha[:, p, None] * layer.score(moments)
                for p, layer in enumerate(self.layers.values())
            ]
        )
        return Parts(tuple(self.layers), alpha, values)

    def score(self, moments: Moments) -> Floats:
        """s [B × I]."""
        return self.parts(moments).score

    def chunks(self, moments: Moments, cells: int = 8_000_000) -> Iterator[tuple[slice, Moments]]:
        """Moments in pieces whose score tables fit in memory."""
        rows = max(1, cells // max(len(self.catalogue), 1))
        for a in range(0, len(moments), rows):
            part = slice(a, min(a + rows, len(moments)))
            yield part, moments.take(part)

    def extend(self, catalogue: Catalogue) -> None:
        """Take in items that came after the fit; they stand at the end of the catalogue."""
        self.catalogue = catalogue
        for layer in self.layers.values():
            layer.extend(catalogue)

    def state(self) -> dict[str, State]:
        """Every part's state, by name."""
        states = {f"layer-{name}": layer.state() for name, layer in self.layers.items()}
        states["fusion"] = self.fusion.state()
        states["model"] = ({}, {"repeats": self.repeats_})
        return states

    def restore(self, states: dict[str, State], catalogue: Catalogue) -> Self:
        """Take up what was learned."""
        self.catalogue = catalogue
        self.layers = {
            name: layer.restore(states[f"layer-{name}"], catalogue)
            for name, layer in self._made().items()
        }
        self.fusion = Fusion(self.config.fusion, tuple(self.layers)).restore(states["fusion"])
        self.repeats_ = bool(states["model"][1]["repeats"])
        return self


def softmax(scores: Floats) -> Floats:
    """softmax over the last axis."""
    z = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(z / z.sum(axis=-1, keepdims=True), np.float32)
