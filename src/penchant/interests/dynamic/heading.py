"""The network of the dynamic layer: item vectors, time gaps and a sequence encoder together."""

from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from penchant.interests.dynamic.gaps import GAPS
from penchant.interests.dynamic.networks import (
    Convolution,
    Pooled,
    Recurrent,
    Transformer,
    bucket,
)
from penchant.interests.dynamic.quick import Quick
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.interests.dynamic.vectors import ItemVectors, apart
from penchant.interests.layer import Catalogue
from penchant.interests.vectors import Vectors
from penchant.train.batches import NOBODY, OPEN, Sequences
from penchant.types import Floats

_ROWS = 1024  # moments scored at once


class Past(NamedTuple):
    """What the network is told [B × T each]: see `Sequences`."""

    item: Tensor
    sign: Tensor
    came: Tensor
    when: Tensor

    @classmethod
    def of(cls, s: Sequences) -> "Past":
        """As tensors."""
        item, sign, came, when = map(torch.from_numpy, (s.item, s.sign, s.came, s.when))
        return cls(item.long(), sign, came, when)

    def opened(self, item: Tensor | int = OPEN) -> "Past":
        """With one more place at the end [B × T + 1]: what came at the time asked about."""
        B = len(self.item)
        last = item if isinstance(item, Tensor) else self.item.new_full((B, 1), item)
        return Past(
            torch.cat([self.item, last], dim=1),
            F.pad(self.sign, (0, 1), value=1.0),
            torch.cat([self.came, self.when[:, -1:]], dim=1),
            torch.cat([self.when, self.when[:, -1:]], dim=1),
        )


class Heading(nn.Module):
    """d_u(t) from a person's last events; scores are cosines over a temperature."""

    def __init__(
        self, catalogue: Catalogue, config: DynamicConfig, *, both_ways: bool = False
    ) -> None:
        super().__init__()
        self.config = config
        self._kept: Vectors | None = None
        self._quick: tuple[Quick | None] | None = None
        self.items = ItemVectors(catalogue, config.dims, config.id_dropout)
        self.gap = nn.Embedding(GAPS, config.dims)
        nn.init.normal_(self.gap.weight, std=0.02)
        self.against = nn.Parameter(0.02 * torch.randn(config.dims))
        self.open = nn.Parameter(0.02 * torch.randn(config.dims))
        self.encoder = encoder(config, both_ways)
        self.both_ways = both_ways

    def vectors(self, rows: Tensor | None = None) -> Tensor:
        """Unit item vectors of some items [R × D], or of all [I × D]."""
        return F.normalize(self.items(rows), dim=-1)

    def train(self, mode: bool = True) -> Self:
        """Switch between learning and asking; vectors kept for asking are no longer true."""
        self._kept = None
        return super().train(mode)

    @torch.no_grad()
    def extended(self, catalogue: Catalogue) -> Self:
        """The same with room for items that came later, the vectors of others as they are; this one
        stays as it was."""
        more, kept = apart(self), self._kept
        more.items, more._quick = self.items.extended(catalogue), None
        if kept is not None:
            later = more.vectors(torch.arange(len(kept), len(catalogue)))
            more._kept = kept.extended(later.numpy())
        return more

    def forward(self, vectors: Tensor, past: Past) -> Tensor:
        """d at every place [B × T × D], unit length."""
        x, there = self._told(vectors, past)
        return F.normalize(self.encoder(x, there, past.came, past.when), dim=-1)

    def latest(self, vectors: Tensor, past: Past) -> Tensor:
        """d at the last place [B × D], unit length."""
        x, there = self._told(vectors, past)
        if isinstance(self.encoder, Transformer):
            return F.normalize(self.encoder.latest(x, there, past.came, past.when), dim=-1)
        return F.normalize(self.encoder(x, there, past.came, past.when)[:, -1], dim=-1)

    def _told(self, vectors: Tensor, past: Past) -> tuple[Tensor, Tensor]:
        """What stands at every place [B × T × D], and which of them hold an event [B × T]."""
        there = past.item != NOBODY
        x = F.embedding(past.item.clamp_min(0), vectors) * (vectors.shape[1] ** 0.5 * 0.25)
        x = x * (past.item >= 0)[..., None]
        x = x + self.gap(bucket(past.when - past.came))
        for is_so, vector in ((past.sign < 0, self.against), (past.item == OPEN, self.open)):
            if self.training or is_so.any():
                x = x + is_so[..., None] * vector
        return F.dropout(x, self.config.dropout, self.training) * there[..., None], there

    @torch.no_grad()
    def score(self, asked: Sequences) -> Floats:
        """Scores of all items for each sequence [B × I]; 0 where there is no event."""
        vectors = torch.from_numpy(self.kept.rows)
        found = np.zeros((len(asked), len(vectors)), np.float32)
        whole = Past.of(asked)
        for a in range(0, len(asked), _ROWS):
            part = slice(a, a + _ROWS)
            d = self._toward(Past(*(x[part] for x in whole)), vectors)
            torch.mm(d, vectors.T, out=torch.from_numpy(found[part]))
        return found

    @torch.no_grad()
    def toward(self, asked: Sequences) -> Floats:
        """d over the temperature for each sequence [B × D]; 0 where there is no event."""
        return self._toward(Past.of(asked), torch.from_numpy(self.kept.rows)).numpy()

    @property
    def quick(self) -> "Quick | None":
        """The same for one sequence, where there is a faster way; made when it is first asked."""
        if self.training or self._kept is None or self._quick is None:
            named = self.state_dict()
            weights = {n: named[n].numpy() for n in named if not n.startswith("items.")}
            quick = Quick.of(self.config, self.both_ways, weights, self.kept.rows)
            self._quick = (quick,)
        return self._quick[0]

    @property
    def kept(self) -> Vectors:
        """All items' vectors, as they are asked; made when they are first."""
        if self.training:
            self.eval()
        found = self._kept
        if found is None:
            with torch.no_grad():
                found = Vectors(self.vectors().numpy())
            self.keep(found)
        return found

    def keep(self, vectors: Vectors) -> None:
        """Ask with these vectors, which were made before by these very weights."""
        self._kept, self._quick = vectors, None

    def _toward(self, past: Past, vectors: Tensor) -> Tensor:
        some = (past.item != NOBODY).any(1, keepdim=True)
        d = self.latest(vectors, past.opened() if self.both_ways else past)
        return d * some / self.config.temperature


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
