"""The interest model: layers, their fusion, and the score that stays a sum.

s(u, i, t, c) = α_b · base_i(u, t) + α_c · context_i(u, c) + α_d · ⟨d_u(t), v_i⟩ + α_p · pop_i(t)
P(i | u, t, c) = softmax_i( s(u, i, t, c) )

Where it is known who is connected with whom, α_s · social_i(u, t) is added. Where a person has
asked for more, less or none of something, that is one more part of the sum.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from penchant.config import Config
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.errors import ConfigError
from penchant.interests.base.bidirectional import BidirectionalBase
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.interests.calibration import Calibration, CalibrationConfig
from penchant.interests.changes import ChangeDetector, ChangesConfig
from penchant.interests.context.layer import ContextConfig, ContextLayer
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.everybody import Everybody
from penchant.interests.feedback import FEEDBACK, Wishes, weighed
from penchant.interests.fusion import Fusion, FusionConfig
from penchant.interests.heldout import HeldOut
from penchant.interests.layer import Catalogue, Layer, Training
from penchant.interests.popularity import Popularity, PopularityConfig
from penchant.interests.precision import Precision
from penchant.interests.reading import Reading, Said
from penchant.interests.social import Social
from penchant.interests.told import told
from penchant.interests.weights import Weights, met, rolled, weights
from penchant.memory import give_back
from penchant.random import derive, rng
from penchant.train.holdout import NEVER, Holdout, HoldoutConfig, hold_out, upcoming
from penchant.types import QUIET, Floats, Longs, Progress, Report, State

LayerName = Literal["base", "context", "dynamic", "social", "popularity"]
_NOW = 3000  # people whose interests are compared before and after the whole log is learned
LAYERS: tuple[LayerName, ...] = ("base", "context", "dynamic", "social", "popularity")


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
    calibration: CalibrationConfig = CalibrationConfig()
    """How the weights of profiles are made true."""
    changes: ChangesConfig = ChangesConfig()
    """When a change of taste is called lasting."""
    holdout: HoldoutConfig = HoldoutConfig()
    """What layers are chosen and mixed by."""
    layers: tuple[LayerName, ...] = LAYERS
    """Layers in use, one at least; `social` is left out where no relations are known."""

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        off = {"base", "social"} if self.base.kind == "none" else {"social"}
        if not set(self.layers) - off:
            raise ConfigError(f"layers: {self.layers} came without a base; expected one or more")
        return self


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
        total: Floats = self.values[0].copy()
        for part in self.values[1:]:
            total += part
        return total

    def of(self, item: int) -> dict[str, float]:
        """Those of one item in the first moment, by name."""
        return {name: float(v[0, item]) for name, v in zip(self.names, self.values, strict=True)}

    def without(self, name: str) -> "Parts":
        """The others; the same where there is no such part."""
        if name not in self.names:
            return self
        left = [p for p, other in enumerate(self.names) if other != name]
        return Parts(tuple(self.names[p] for p in left), self.alpha[:, left], self.values[left])

    def beside(self, name: str, values: Floats) -> "Parts":
        """With one more part [B × I], which counts as it is."""
        one = np.ones((len(self.alpha), 1), np.float32)
        return Parts(
            (*self.names, name),
            np.concatenate([self.alpha, one], axis=1),
            np.concatenate([self.values, np.broadcast_to(values, (1, *self.values.shape[1:]))]),
        )


@dataclass
class InterestModel:
    """Learns from a log; then knows, for any moment, how likely each item is next. `held_` is how
    well a fit told what it held out; None where it is not known, as after `restore`."""

    config: InterestsConfig = field(default_factory=InterestsConfig)
    name: str = "penchant"
    catalogue: Catalogue = field(init=False, repr=False)
    layers: dict[str, Layer] = field(init=False, repr=False)
    fusion: Fusion = field(init=False, repr=False)
    calibration: Calibration = field(init=False, repr=False)
    precision: Precision = field(init=False, repr=False)
    reading: Reading = field(init=False, repr=False)
    changes: ChangeDetector = field(init=False, repr=False)
    repeats_: bool = field(init=False)
    social_: bool = field(init=False)
    held_: HeldOut | None = field(init=False, repr=False, default=None)

    def fit(
        self,
        catalogue: Catalogue,
        log: Histories,
        *,
        repeats: bool,
        seed: int = 0,
        progress: Progress = QUIET,
        scratch: Path | None = None,
        report: Report | None = None,
        said: Said | None = None,
    ) -> Self:
        """Hold some outcomes out, learn the layers, mix them by the outcomes, learn from all.

        `said` is what people wrote in events, for profiles from words.
        """
        left, holdout = hold_out(log, self.config.holdout, repeats=repeats, seed=seed)
        training = Training(
            catalogue, left, holdout, repeats, None, seed, progress, scratch,
            cut=self.config.holdout,
        )  # fmt: skip
        since = int(left.time.max()) + 1 if len(left) else 0
        del left  # a second log of nearly the same size is not kept beside the whole one
        self.catalogue, self.repeats_ = catalogue, repeats
        self.social_ = log.relations is not None
        self.layers = self._made()
        self._learn(lambda layer, training: layer.fit(training), training)
        training = replace(training, log=log)  # and what was left of it is let go of
        self.fusion = Fusion(self.config.fusion, tuple(self.layers))
        self.calibration = Calibration(self.config.calibration)
        self.precision = Precision()
        self.held_ = HeldOut(0)
        if len(holdout):
            self._fuse(holdout, seed, progress)
            self._calibrate(training, holdout, since)
        else:
            self.fusion.without_evidence()
        now = self._now(log, seed) if self.calibration.pools_ else None
        before = self.weights(now) if now is not None else None
        self.reading = Reading().fit(
            log, catalogue.text, self.usual, said=said, seed=derive(seed, "reading")
        )
        self.changes = ChangeDetector(self.config.changes).fit(log, catalogue.tree, seed=seed)
        training = replace(training, report=report)
        self._learn(lambda layer, training: layer.refit(training), training)
        if now is not None and before is not None:
            known = weights(self, now, self.config.calibration.rhythms)
            self.calibration.sober(known, before, catalogue.tree.siblings)
        return self

    def _now(self, log: Histories, seed: int) -> Moments:
        """Some who acted lately, and some strangers, at the end of the log: what comes next of them
        is known to no layer."""
        c = self.config
        most = max(20, min(_NOW, c.holdout.cells // max(len(self.catalogue), 1)))
        newest = int(np.quantile(log.time, 0.9)) if len(log) else 0
        who = np.unique(log.user[log.positive & (log.time >= newest)]).astype(np.int64)
        if len(who) > most:
            who = np.sort(rng(seed, "now").choice(who, most, replace=False))
        who = np.append(who, np.full(len(who) // 10 + 1, -1))
        return log.moments_at(who, np.full(len(who), (log.latest or 0) + 1))

    def _learn(self, how: Callable[[Layer, Training], Layer], training: Training) -> None:
        """Every layer, popularity first: the others learn what it does not know."""
        popularity = self.layers.get("popularity")
        if isinstance(popularity, Popularity):
            how(popularity, training)
            training = replace(training, prior=popularity)
        for name, layer in self.layers.items():
            give_back()
            if name != "popularity":
                how(layer, training)
        if isinstance(popularity, Popularity):
            popularity.let_go()
        give_back()

    def _fuse(self, holdout: Holdout, seed: int, progress: Progress) -> None:
        with progress.step("fusion", len(holdout)) as step:

            def score(moments: Moments) -> list[Floats]:
                step.advance(len(moments))
                return [layer.score(moments) for layer in self.layers.values()]

            self.held_ = self.fusion.fit(score, holdout, seed=seed).held_

    def _calibrate(self, training: Training, holdout: Holdout, since: int) -> None:
        """Fit the weights of interests to acts that the layers have not seen, and how far people
        scatter around them to the acts of the newest tenth.

        What everybody did is as old there as it gets while a model is used: how far that can be
        trusted is told by many times, not by the one at which layers stopped learning.
        """
        c, tree, log = self.config.calibration, self.catalogue.tree, training.log
        seed, progress = training.seed, training.progress
        most = max(20, min(c.moments, self.config.holdout.cells // max(len(self.catalogue), 1)))
        timed, leaves = self.config.holdout.kind == "time", tree.membership(tree.levels)
        newest = since if timed or not len(log) else int(np.quantile(log.time, 0.9))
        rows, later = upcoming(
            log, newest, repeats=self.repeats_, most=most, seed=derive(seed, "calibration"),
            choices=True,
        )  # fmt: skip
        some = holdout.take(np.flatnonzero(holdout.chosen)[:most])
        if c.kind == "none" or not len(later if timed else some):
            return
        if "popularity" in self.layers:
            self.layers["popularity"].refit(training)  # counts before each time are known then
        waits = later.at - newest
        later = c.overtaken(later, waits, derive(seed, "later"))
        moments = later if timed else c.overtaken(some.moments, waits, derive(seed, "held out"))
        with progress.step("calibration", len(moments) + len(later) * (not timed)) as step:
            known = weights(self, moments, c.rhythms)
            step.advance(len(moments))
            came = leaves[log.item[rows]] if timed else some.targets @ leaves
            truth = rolled(np.asarray(came.toarray(), np.float32), tree.siblings)
            everybody = Everybody.of(log, tree, c.lately)
            so_far = everybody.as_of(log.keep(log.time < since), tree)
            self.calibration.fit(known, truth, so_far, tree.siblings)
            if self.held_ is not None:
                lost = self.calibration.log_loss(known, truth, tree.siblings)
                self.held_ = replace(self.held_, interests=lost)
            if not timed:
                known = weights(self, later, c.rhythms)
                step.advance(len(later))
            said = self.calibration(known, tree.siblings).whole
            acts, who = met(log.item[rows], tree), log.user[rows].astype(np.int64)
            self.precision.fit(said, acts, known.events, who)
            self.calibration.take_up(everybody)

    def _made(self) -> dict[str, Layer]:
        c = self.config
        base: Layer
        if c.base.kind == "bidirectional":
            base = BidirectionalBase(c.base.network)
        else:
            base = LinearBase(c.base.linear, "svd" if c.base.kind == "svd" else "closed")
        made: dict[LayerName, Layer] = {
            "base": base,
            "context": ContextLayer(c.context),
            "dynamic": DynamicLayer(c.dynamic),
            "social": Social(),
            "popularity": Popularity(c.popularity),
        }
        off = {"base"} if c.base.kind == "none" else set()
        off |= set() if self.social_ else {"social"}
        return {name: made[name] for name in LAYERS if name in c.layers and name not in off}

    def parts(self, moments: Moments) -> Parts:
        """Every layer's part of every item's score [P × B × I]; feedback, where there is any."""
        if len(moments) == 1:  # is asked for so often that it has a faster way to the same
            said = told(self, moments)[0]
            return Parts(said.names, said.alpha[None], said.table()[:, None])
        alpha = self.fusion.alpha(moments)
        shape = (len(self.layers), len(moments), len(self.catalogue))
        values = np.empty(shape, np.float32)
        for p, layer in enumerate(self.layers.values()):
            np.multiply(alpha[:, p, None], layer.score(moments), out=values[p])
        parts = Parts(tuple(self.layers), alpha, values)
        if moments.said is None or not len(moments.said):
            return parts
        return parts.beside(FEEDBACK, Wishes(self.catalogue.tree).parts(moments.said))

    def score(self, moments: Moments) -> Floats:
        """s [B × I]."""
        return self.parts(moments).score

    def usual(self, at: Longs) -> Floats:
        """What everybody turns to at some times [B × I]: scores for people who are not known."""
        moments = Moments.of_strangers(at)
        alpha = self.fusion.alpha(moments)
        if "popularity" not in self.layers:
            return np.zeros((len(moments), len(self.catalogue)), np.float32)
        place = list(self.layers).index("popularity")
        return alpha[:, place, None] * self.layers["popularity"].score(moments)

    def read(self, said: Floats, at: Longs) -> Floats:
        """P(i | text, t) [Q × I] for texts by their vectors [Q × D], at a time (µs) each [Q]."""
        return softmax(self.reading.score(said, self.catalogue.text, self.usual(at)))

    def plain(self, moments: Moments, scores: Floats) -> Floats:
        """softmax_i(s) [B × I], before calibration; 0 for what the person had, where people do not
        repeat."""
        if self.repeats_:
            return softmax(scores)
        who, item = moments.met
        count = np.bincount(who, minlength=len(scores))
        new = (count < scores.shape[1])[who]  # who had everything had it all again
        barred = scores.copy()
        barred[who[new], item[new]] = NEVER
        return softmax(barred)

    def chances(self, moments: Moments) -> Floats:
        """P(i | u, t, c) [B × I]: an interest's chance is that of its items together.

        Among the items of a leaf the scores decide; how likely the leaf is, its calibrated weight.
        """
        tree, parts = self.catalogue.tree, self.parts(moments)
        leaves = tree.membership(tree.levels)
        p = self.plain(moments, parts.without(FEEDBACK).score)
        if moments.said is not None:
            p = Wishes(tree).kept(moments.said, p)
        known = self.weights(moments, parts=parts, layers=False)
        before = np.asarray((leaves.T @ p.T).T, np.float32)
        times = np.divide(known.whole[-1], before, out=np.zeros_like(before), where=before > 0)
        found = p * (leaves @ times.T).T
        return np.asarray(found / found.sum(axis=1, keepdims=True), np.float32)

    def weights(
        self, moments: Moments, *, parts: Parts | None = None, layers: bool = True
    ) -> Weights:
        """P(n | u, t, c) for the interests of every level, calibrated; of each layer alone too.

        `parts` are those of the same moments, where they are at hand.
        """
        rhythms = self.config.calibration.rhythms
        silent = moments if moments.said is None else replace(moments, said=None)
        heard = None if parts is None else parts.without(FEEDBACK)
        known = weights(self, silent, rhythms, parts=heard, layers=layers)
        known = self.calibration(known, self.catalogue.tree.siblings)
        if moments.said is None:
            return known
        return weighed(self, silent, moments.said, known, None if heard is None else heard.score)

    def chunks(self, moments: Moments, cells: int = 2_000_000) -> Iterator[tuple[slice, Moments]]:
        """Moments in pieces whose score tables are small: memory is used again at once."""
        rows = max(1, cells // max(len(self.catalogue), 1))
        for a in range(0, len(moments), rows):
            part = slice(a, min(a + rows, len(moments)))
            yield part, moments.take(part)

    def extended(self, catalogue: Catalogue) -> Self:
        """The model with items that came after the fit, which stand at the end of the catalogue.

        This one stays as it is, so that it can be asked meanwhile.
        """
        more = copy(self)
        more.catalogue = catalogue
        more.layers = {name: copy(layer) for name, layer in self.layers.items()}
        for layer in more.layers.values():
            layer.extend(catalogue)
        return more

    def going_on(self) -> Self:
        """A copy that can be told what came after the fit, see `follow`."""
        more = copy(self)
        more.layers = {
            name: layer.going_on() if isinstance(layer, Popularity) else layer
            for name, layer in self.layers.items()
        }
        return more

    def follow(self, items: Longs, time: Longs, people: Longs) -> None:
        """Take in events that came after the fit and speak for their items: rows, times (µs) and a
        number for each person [N each]: popularity goes on. All that is `extended` from one model
        that is `going_on` does so together."""
        popularity = self.layers.get("popularity")
        if isinstance(popularity, Popularity):
            popularity.follow(items, time, people)

    def state(self) -> dict[str, State]:
        """Every part's state, by name."""
        states = {f"layer-{name}": layer.state() for name, layer in self.layers.items()}
        states["fusion"] = self.fusion.state()
        states["calibration"] = self.calibration.state()
        states["precision"] = self.precision.state()
        states["reading"] = self.reading.state()
        states["changes"] = self.changes.state()
        states["model"] = ({}, {"repeats": self.repeats_})
        return states

    def restore(self, states: dict[str, State], catalogue: Catalogue) -> Self:
        """Take up what was learned."""
        self.catalogue = catalogue
        self.repeats_ = bool(states["model"][1]["repeats"])
        self.social_ = "layer-social" in states
        self.layers = {
            name: layer.restore(states[f"layer-{name}"], catalogue)
            for name, layer in self._made().items()
        }
        self.fusion = Fusion(self.config.fusion, tuple(self.layers)).restore(states["fusion"])
        self.calibration = Calibration(self.config.calibration).restore(states["calibration"])
        self.precision = Precision().restore(states["precision"])
        self.reading = Reading().restore(states["reading"])
        self.changes = ChangeDetector(self.config.changes).restore(states["changes"])
        return self


def softmax(scores: Floats) -> Floats:
    """softmax over the last axis."""
    z: Floats = (scores - scores.max(axis=-1, keepdims=True)).astype(np.float32, copy=False)
    np.exp(z, out=z)
    z /= z.sum(axis=-1, keepdims=True)
    return z
