"""Sequence encoders: vectors of past events in, a vector of what comes next out, at every place.

Each takes x [B × T × D], there [B × T] (which places hold an event, the latest last), came [B × T]
(µs: when each event was) and when [B × T] (µs: the time asked about from each place), and gives
[B × T × D]; place k knows places ≤ k only, unless it is said to look both ways.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from penchant.interests.dynamic.gaps import GAPS

ALL = slice(None)
_FASTER = 3.0  # biases to attention are learned so much faster than weights: they have far to go


def bucket(us: Tensor) -> Tensor:
    """Buckets of times between: 0 for less than a minute, then one more for each doubling."""
    minutes = us.clamp_min(0).to(torch.float32) / 60_000_000
    return torch.log2(minutes + 1.0).long().clamp_max(GAPS - 1)


class Transformer(nn.Module):
    """Pre-norm Transformer blocks; causal as in SASRec (arXiv 1808.09781), or looking both ways
    as in BERT4Rec (arXiv 1904.06690).

    What an event is worth to the one who asks depends on how many places and how long ago it was,
    seen from there: a bias to attention by each (as T5, arXiv 1910.10683, and HSTU, 2402.17152).
    So all places of a sequence teach the same; places counted from its end would not.
    """

    def __init__(
        self, dims: int, blocks: int, heads: int, length: int, dropout: float, causal: bool = True
    ) -> None:
        super().__init__()
        self.reach = 0 if causal else length
        self.by_place = nn.Parameter(torch.zeros(heads, length + 1 + self.reach))
        self.by_age = nn.Parameter(torch.zeros(heads, GAPS))
        self.blocks = nn.ModuleList([Block(dims, heads, dropout) for _ in range(blocks)])
        self.last = nn.LayerNorm(dims)
        self.causal = causal

    def forward(self, x: Tensor, there: Tensor, came: Tensor, when: Tensor) -> Tensor:
        """[B × T × D]."""
        worth = self._worth(there, came, when)
        for block in self.blocks:
            x = block(x, worth)
        out: Tensor = self.last(x)
        return out

    def latest(self, x: Tensor, there: Tensor, came: Tensor, when: Tensor) -> Tensor:
        """What `forward` has at the last place [B × D]; the last block is not asked for others."""
        worth = self._worth(there, came, when, slice(-1, None) if len(self.blocks) == 1 else ALL)
        for block in self.blocks[:-1]:
            x = block(x, worth)
        out: Tensor = self.last(self.blocks[-1](x, worth[:, :, -1:], slice(-1, None)))
        return out[:, 0]

    def _worth(self, there: Tensor, came: Tensor, when: Tensor, asking: slice = ALL) -> Tensor:
        """What is added to attention [B × heads × places that ask × T]."""
        back = self._back(there.shape[1], asking)
        see = there[:, None, None, :]
        if self.causal:
            see = see & (back >= 0)
        see = see | (back == 0)  # nobody attends to nothing
        worth = self._by_place(back) + self._by_age(came, when, asking)
        return torch.where(see, worth, -torch.inf)

    def _back(self, T: int, asking: slice = ALL) -> Tensor:
        """How many places each of T lies before those that ask [places that ask × T]."""
        place = torch.arange(T, device=self.by_place.device)
        return place[asking, None] - place[None, :]

    def _by_place(self, back: Tensor) -> Tensor:
        """[heads × places that ask × T]: by how many places lie between."""
        return _FASTER * self.by_place[:, (back + self.reach).clamp_min(0)]

    def _by_age(self, came: Tensor, when: Tensor, asking: slice) -> Tensor:
        """By how long each event was before the time asked about."""
        age = (when if self.causal else came)[:, asking, None] - came[:, None, :]
        return _FASTER * F.embedding(bucket(age.abs()), self.by_age.T).permute(0, 3, 1, 2)


class Block(nn.Module):
    """x + attention, then x + feed-forward."""

    def __init__(self, dims: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before_attention, self.before_feed = nn.LayerNorm(dims), nn.LayerNorm(dims)
        self.qkv, self.out = nn.Linear(dims, 3 * dims), nn.Linear(dims, dims)
        self.feed = nn.Sequential(
            nn.Linear(dims, 2 * dims), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * dims, dims)
        )

    def forward(self, x: Tensor, worth: Tensor, asking: slice = ALL) -> Tensor:
        """[B × places that ask × D]; worth [B × heads × places that ask × T] is added to attention:
        −∞ is not looked at."""
        p = self.dropout if self.training else 0.0
        q, k, v = (self._by_head(part) for part in self._qkv(self.before_attention(x), asking))
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=worth, dropout_p=p)
        x = x[:, asking]
        x = x + F.dropout(self.out(a.transpose(1, 2).reshape(x.shape)), p, self.training)
        return x + F.dropout(self.feed(self.before_feed(x)), p, self.training)

    def _qkv(self, x: Tensor, asking: slice) -> tuple[Tensor, ...]:
        """Queries of the places that ask, keys and values of all."""
        if asking == ALL:
            return tuple(self.qkv(x).chunk(3, dim=-1))
        D, W, b = x.shape[-1], self.qkv.weight, self.qkv.bias
        return F.linear(x[:, asking], W[:D], b[:D]), *F.linear(x, W[D:], b[D:]).chunk(2, dim=-1)

    def _by_head(self, x: Tensor) -> Tensor:
        """[B × T × D] → [B × heads × T × D / heads]."""
        B, T, D = x.shape
        return x.view(B, T, self.heads, D // self.heads).transpose(1, 2)


class Recurrent(nn.Module):
    """A GRU (as in GRU4Rec, arXiv 1511.06939) or an LSTM."""

    def __init__(self, dims: int, blocks: int, dropout: float, cell: str) -> None:
        super().__init__()
        make = nn.GRU if cell == "gru" else nn.LSTM
        self.cell = make(dims, dims, blocks, batch_first=True, dropout=dropout if blocks > 1 else 0)
        self.last = nn.LayerNorm(dims)

    def forward(self, x: Tensor, there: Tensor, came: Tensor, when: Tensor) -> Tensor:
        """[B × T × D]; cells start at the first event, however many empty places stand before."""
        empty = (~there).sum(1, keepdim=True)
        h = _rolled(self.cell(_rolled(x * there[..., None], empty))[0], -empty)
        out: Tensor = self.last(x + h)
        return out


def _rolled(x: Tensor, by: Tensor) -> Tensor:
    """Each sequence [T × D] rolled to the left by its own number of places [B × 1]."""
    T = x.shape[1]
    place = (torch.arange(T, device=x.device)[None, :] + by) % T
    return x.gather(1, place[..., None].expand_as(x))


class Convolution(nn.Module):
    """Causal convolutions that look back twice as far in each block (NextItNet, 1808.05163)."""

    def __init__(self, dims: int, blocks: int, dropout: float, width: int = 3) -> None:
        super().__init__()
        self.width, self.dropout = width, dropout
        self.norms = nn.ModuleList([nn.LayerNorm(dims) for _ in range(blocks)])
        self.layers = nn.ModuleList(
            [nn.Conv1d(dims, dims, width, dilation=2**b) for b in range(blocks)]
        )
        self.last = nn.LayerNorm(dims)

    def forward(self, x: Tensor, there: Tensor, came: Tensor, when: Tensor) -> Tensor:
        """[B × T × D]."""
        for b, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            h = (norm(x) * there[..., None]).transpose(1, 2)
            h = layer(F.pad(h, ((self.width - 1) * 2**b, 0))).transpose(1, 2)
            x = x + F.dropout(F.gelu(h), self.dropout, self.training)
        out: Tensor = self.last(x)
        return out


class Pooled(nn.Module):
    """A two-layer perceptron over the latest event and the faded mean of all (FPMC's idea with a
    longer memory; Rendle et al., WWW 2010)."""

    def __init__(self, dims: int, dropout: float, kept: float = 0.8) -> None:
        super().__init__()
        self.kept = kept
        self.layers = nn.Sequential(
            nn.Linear(2 * dims, 2 * dims), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * dims, dims)
        )
        self.last = nn.LayerNorm(dims)

    def forward(self, x: Tensor, there: Tensor, came: Tensor, when: Tensor) -> Tensor:
        """[B × T × D]."""
        T = x.shape[1]
        back = torch.arange(T, device=x.device)[:, None] - torch.arange(T, device=x.device)
        fade = torch.where(back >= 0, self.kept ** back.clamp_min(0).float(), 0.0)
        weight = fade[None] * there[:, None, :]
        mean = weight @ x / weight.sum(-1, keepdim=True).clamp_min(1e-6)
        out: Tensor = self.last(x + self.layers(torch.cat([x, mean], dim=-1)))
        return out
