"""How well a fit told what it had held out: what is known of a model when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from penchant.train.mixture import Shortlist, log_loss
from penchant.train.ranked import rank_gain
from penchant.types import Floats


@dataclass(frozen=True)
class HeldOut:
    """Figures of the held-out moments, told by layers that had not learned them.

    `moments`: how many; `ndcg`: mean NDCG@10 of the whole, `layers` of each layer alone, both among
    the candidates that the layers are mixed by (the best of each layer, what came, and a sample of
    the rest); `log_loss`: of the next item; `interests`: of the next interest, level by level, in
    calibrated weights (nats). What was not measured is None, or empty.

    How much each layer counts, and the calibration, were fitted to these very moments: the figures
    are there to tell versions apart, a little too good, and no evaluation.
    """

    moments: int
    ndcg: float | None = None
    layers: Mapping[str, float] = field(default_factory=dict)
    log_loss: float | None = None
    interests: tuple[float, ...] = ()

    @classmethod
    def of(cls, whole: Floats, layers: Mapping[str, Floats], candidates: Shortlist) -> Self:
        """Of the candidates' scores [B × C], of the whole and of each layer."""
        return cls(
            len(whole),
            rank_gain(whole, candidates),
            {name: rank_gain(alone, candidates) for name, alone in layers.items()},
            float(np.mean(log_loss(whole, candidates))),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values; what was not measured is left out."""
        found: dict[str, Any] = {
            "moments": self.moments,
            "ndcg@10": self.ndcg,
            "layers": dict(self.layers) or None,
            "log_loss": self.log_loss,
            "interests_log_loss": list(self.interests) or None,
        }
        return {name: value for name, value in found.items() if value is not None}
