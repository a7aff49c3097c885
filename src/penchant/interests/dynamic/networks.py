"""Sequence encoders: vectors of past events in, a vector of what comes next out, at every place.

Each takes x [B × T × D] and there [B × T] (which places hold an event, the latest last) and gives
[B × T × D]; place k knows places ≤ k only, unless it is said to look both ways.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Transformer(nn.Module):
    """Pre-norm Transformer blocks; causal as in SASRec (arXiv 1808.09781), or looking both ways
    as in BERT4Rec (arXiv 1904.06690)."""

    def __init__(
        self, dims: int, blocks: int, heads: int, length: int, dropout: float, causal: bool = True
    ) -> None:
        super().__init__()
        self.place = nn.Parameter(0.02 * torch.randn(length + 1, dims))
        self.blocks = nn.ModuleList([Block(dims, heads, dropout) for _ in range(blocks)])
        self.last = nn.LayerNorm(dims)
        self.causal = causal

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """[B × T × D]; places are counted from the latest."""
        T = x.shape[1]
        x = x + self.place[:T].flip(0)
        see = there[:, None, None, :]
        if self.causal:
            see = see & torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        see = see | torch.eye(T, dtype=torch.bool, device=x.device)  # nobody attends to nothing
        for block in self.blocks:
            x = block(x, see)
        out: Tensor = self.last(x)
        return out


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

    def forward(self, x: Tensor, see: Tensor) -> Tensor:
        """[B × T × D]; see [B × 1 × T × T] says who may look at whom."""
        B, T, D = x.shape
        q, k, v = (
            part.view(B, T, self.heads, D // self.heads).transpose(1, 2)
            for part in self.qkv(self.before_attention(x)).chunk(3, dim=-1)
        )
        p = self.dropout if self.training else 0.0
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=see, dropout_p=p)
        x = x + F.dropout(self.out(a.transpose(1, 2).reshape(B, T, D)), p, self.training)
        return x + F.dropout(self.feed(self.before_feed(x)), p, self.training)


class Recurrent(nn.Module):
    """A GRU (as in GRU4Rec, arXiv 1511.06939) or an LSTM."""

    def __init__(self, dims: int, blocks: int, dropout: float, cell: str) -> None:
        super().__init__()
        make = nn.GRU if cell == "gru" else nn.LSTM
        self.cell = make(dims, dims, blocks, batch_first=True, dropout=dropout if blocks > 1 else 0)
        self.last = nn.LayerNorm(dims)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
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

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
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

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """[B × T × D]."""
        T = x.shape[1]
        back = torch.arange(T, device=x.device)[:, None] - torch.arange(T, device=x.device)
        fade = torch.where(back >= 0, self.kept ** back.clamp_min(0).float(), 0.0)
        weight = fade[None] * there[:, None, :]
        mean = weight @ x / weight.sum(-1, keepdim=True).clamp_min(1e-6)
        out: Tensor = self.last(x + self.layers(torch.cat([x, mean], dim=-1)))
        return out
