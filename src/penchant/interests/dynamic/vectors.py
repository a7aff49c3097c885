"""Item vectors that carry language, behaviour and the tree.

    v_i = W · text_i + e_i + Σ_ℓ w_ℓ · q_{node_ℓ(i)}

e_i is dropped out in training, so that a new item, which has text and a place in the tree but no
e_i, has a vector that works.
"""

from copy import copy
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from penchant.interests.layer import Catalogue
from penchant.types import Bools

if TYPE_CHECKING:
    from penchant.taxonomy.tree import Tree


class ItemVectors(nn.Module):
    """All items' vectors [I × D], made anew from their parts at every step."""

    text: Tensor

    def __init__(self, catalogue: Catalogue, dims: int, id_dropout: float) -> None:
        super().__init__()
        n, width = catalogue.text.shape
        self.register_buffer("text", torch.from_numpy(catalogue.text), persistent=False)
        self.project = nn.Linear(max(width, 1), dims, bias=False)
        self.behaviour = nn.Embedding(n, dims)
        nn.init.normal_(self.behaviour.weight, std=0.02)
        self.members = [_places(m) for m in _levels(catalogue.tree)]
        self.nodes = nn.ParameterList(
            [nn.Parameter(0.02 * torch.randn(m.shape[1], dims)) for m in _levels(catalogue.tree)]
        )
        self.level = nn.Parameter(torch.ones(len(self.members)))
        self.id_dropout = id_dropout

    def forward(self, rows: Tensor | None = None) -> Tensor:
        """v of some items [R × D], or of all [I × D]."""
        pick = slice(None) if rows is None else rows
        e = self.behaviour.weight[pick]
        if self.training and self.id_dropout:
            kept = torch.rand(len(e), 1, device=e.device) >= self.id_dropout
            e = e * kept
        v = e + self.project(self.text[pick])
        for w, (node, weight), q in zip(self.level, self.members, self.nodes, strict=True):
            v = v + w * F.embedding_bag(node[pick], q, per_sample_weights=weight[pick], mode="sum")
        return torch.as_tensor(v)

    @torch.no_grad()
    def start_without(self, met: Bools) -> None:
        """No e for items that nobody met [I]: they stand where those will that come later."""
        self.behaviour.weight[torch.from_numpy(~met)] = 0.0

    def __len__(self) -> int:
        return len(self.behaviour.weight)

    def extended(self, catalogue: Catalogue) -> "ItemVectors":
        """The same with room for items that came later: no e, but text and a place in the tree."""
        more, had = apart(self), len(self)
        weight = torch.zeros(len(catalogue.text), self.behaviour.embedding_dim)
        weight[:had] = self.behaviour.weight.detach()
        more.behaviour = nn.Embedding(len(weight), weight.shape[1], _weight=weight)
        more.text = torch.from_numpy(catalogue.text)
        more.members = [_places(m) for m in _levels(catalogue.tree)]
        return more


Module = TypeVar("Module", bound=nn.Module)


def apart(module: Module) -> Module:
    """A shallow copy of which parts can be replaced; the weights are the same."""
    twin = copy(module)
    for parts in ("_modules", "_parameters", "_buffers"):
        twin.__dict__[parts] = twin.__dict__[parts].copy()
    return twin


def _levels(tree: "Tree | None") -> list[sparse.csr_array]:
    return [] if tree is None else [tree.membership(level + 1) for level in range(tree.levels)]


def _places(matrix: sparse.csr_array) -> tuple[Tensor, Tensor]:
    """Each item's nodes and weights [I × m], filled up with weight 0."""
    size = np.diff(matrix.indptr)
    m = int(max(1, size.max(initial=1)))
    node = np.zeros((matrix.shape[0], m), np.int64)
    weight = np.zeros((matrix.shape[0], m), np.float32)
    row = np.repeat(np.arange(matrix.shape[0]), size)
    place = np.arange(len(row)) - np.repeat(matrix.indptr[:-1], size)
    node[row, place], weight[row, place] = matrix.indices, matrix.data
    return torch.from_numpy(node), torch.from_numpy(weight)
