"""Item vectors that carry language, behaviour and the tree.

    v_i = W · text_i + e_i + Σ_ℓ w_ℓ · q_{node_ℓ(i)}

e_i is dropped out in training, so that a new item, which has text and a place in the tree but no
e_i, has a vector that works.
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from penchant.interests.layer import Catalogue

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
        self.members = [_tensor(m) for m in _levels(catalogue.tree)]
        self.nodes = nn.ParameterList(
            [nn.Parameter(0.02 * torch.randn(m.shape[1], dims)) for m in self.members]
        )
        self.level = nn.Parameter(torch.ones(len(self.members)))
        self.id_dropout = id_dropout

    def forward(self) -> Tensor:
        """v [I × D]."""
        e = self.behaviour.weight
        if self.training and self.id_dropout:
            kept = torch.rand(len(e), 1, device=e.device) >= self.id_dropout
            e = e * kept
        v = e + self.project(self.text)
        for w, members, q in zip(self.level, self.members, self.nodes, strict=True):
            v = v + w * torch.sparse.mm(members, q)
        return v

    def extend(self, catalogue: Catalogue) -> None:
        """Make room for items that came later: no e, but text and a place in the tree."""
        n, had = len(catalogue.text), len(self.behaviour.weight)
        weight = torch.zeros(n, self.behaviour.embedding_dim)
        weight[:had] = self.behaviour.weight.detach()
        self.behaviour = nn.Embedding.from_pretrained(weight, freeze=False)
        self.text = torch.from_numpy(catalogue.text)
        self.members = [_tensor(m) for m in _levels(catalogue.tree)]


def _levels(tree: "Tree | None") -> list[sparse.csr_array]:
    return [] if tree is None else [tree.membership(level + 1) for level in range(tree.levels)]


def _tensor(matrix: sparse.csr_array) -> Tensor:
    """A sparse matrix as a torch COO tensor."""
    coo = sparse.coo_array(matrix)
    index = torch.from_numpy(np.stack(coo.coords).astype(np.int64))
    values = torch.from_numpy(coo.data.astype(np.float32))
    return torch.sparse_coo_tensor(index, values, coo.shape, check_invariants=True).coalesce()
