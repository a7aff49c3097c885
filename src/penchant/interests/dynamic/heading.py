"""The network of the dynamic layer: item vectors, time gaps and a sequence encoder together."""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from penchant.interests.dynamic.networks import Convolution, Pooled, Recurrent, Transformer
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.interests.dynamic.vectors import ItemVectors
from penchant.interests.layer import Catalogue
from penchant.train.batches import GAPS, Sequences
from penchant.types import Floats

_ROWS = 1024  # moments scored at once


class Heading(nn.Module):
    """d_u(t) from a person's last events; scores are cosines over a temperature."""

    def __init__(
        self, catalogue: Catalogue, config: DynamicConfig, *, both_ways: bool = False
    ) -> None:
        super().__init__()
        self._kept: Tensor | None = None
        self.items = ItemVectors(catalogue, config.dims, config.id_dropout)
        self.gap = nn.Embedding(GAPS, config.dims)
        nn.init.normal_(self.gap.weight, std=0.02)
        self.against = nn.Parameter(0.02 * torch.randn(config.dims))
        self.open = nn.Parameter(0.02 * torch.randn(config.dims))
        self.encoder = encoder(config, both_ways)
        self.dropout, self.temperature = config.dropout, config.temperature
        self.both_ways = both_ways

    def vectors(self, rows: Tensor | None = None) -> Tensor:
        """Unit item vectors of some items [R × D], or of all [I × D]."""
        return F.normalize(self.items(rows), dim=-1)

    def train(self, mode: bool = True) -> Self:
        """Switch between learning and asking; vectors kept for asking are no longer true."""
        self._kept = None
        return super().train(mode)

    def extend(self, catalogue: Catalogue) -> None:
        """Make room for items that came later."""
        self._kept = None
        self.items.extend(catalogue)

    def forward(self, vectors: Tensor, item: Tensor, sign: Tensor, gap: Tensor) -> Tensor:
        """d at every place [B × T × D], unit length; item −1 is an empty place, −2 an open one."""
        there = item != -1
        x = F.embedding(item.clamp_min(0), vectors) * (item >= 0)[..., None]
        x = x * vectors.shape[1] ** 0.5 * 0.25
        x = x + self.gap(gap) + (sign < 0)[..., None] * self.against
        x = x + (item == -2)[..., None] * self.open
        x = F.dropout(x, self.dropout, self.training) * there[..., None]
        return F.normalize(self.encoder(x, there), dim=-1)

    @torch.no_grad()
    def score(self, asked: Sequences) -> Floats:
        """Scores of all items for each sequence [B × I]; 0 where there is no event."""
        if self.training:
            self.eval()
        if self._kept is None:
            self._kept = self.vectors()
        vectors = self._kept
        found = np.zeros((len(asked), len(vectors)), np.float32)
        for a in range(0, len(asked), _ROWS):
            part = slice(a, a + _ROWS)
            item, sign, gap = (
                torch.from_numpy(x[part]) for x in (asked.item, asked.sign, asked.gap)
            )
            if self.both_ways:
                item, sign, gap = opened(item, sign, gap)
            d = self(vectors, item.long(), sign, gap.long())[:, -1]
            d = d * (torch.from_numpy(asked.item[part]) >= 0).any(1, keepdim=True)
            found[part] = (d @ vectors.T / self.temperature).numpy()
        return found


def opened(item: Tensor, sign: Tensor, gap: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The sequences with an open place at the end, to be filled in."""
    return (
        F.pad(item, (0, 1), value=-2),
        F.pad(sign, (0, 1), value=0.0),
        F.pad(gap, (0, 1), value=0),
    )


def encoder(config: DynamicConfig, both_ways: bool) -> nn.Module:
    """The sequence encoder that the settings name."""
    c = config
    if c.kind == "transformer":
        return Transformer(c.dims, c.blocks, c.heads, c.length + 1, c.dropout, not both_ways)
    if c.kind in ("gru", "lstm"):
        return Recurrent(c.dims, c.blocks, c.dropout, c.kind)
    if c.kind == "cnn":
        return Convolution(c.dims, max(c.blocks, 2), c.dropout)
    return Pooled(c.dims, c.dropout)
