"""RecTools' training step for sampled softmax, without work on positions that tell nothing.

RecTools scores the negatives of every position, also of padding (84 % of positions on short
histories), and gathers their vectors one by one. Here only positions with a target are scored, by
one matrix product from which the candidates are picked. Loss, gradients and draws are the same
(`python -m benchmarks.quality.peers same`); an epoch takes a fifth of the time, so a peer gets five
times as far within the same budget. Its time to quality is measured with its own step (`stock`).
"""

from typing import Any

import torch
from rectools.models.nn.transformers.lightning import TransformerLightningModule
from rectools.models.rank import Distance
from torch.nn.functional import cross_entropy


class ToldPositions(TransformerLightningModule):
    """Sampled softmax over the positions that have a target."""

    def training_step(self, batch: dict[str, torch.Tensor], batch_idx: int) -> torch.Tensor:
        """The loss of one batch."""
        model = self.torch_model
        told = batch["y"] != 0
        items = model.item_model.get_all_embeddings()
        sessions = model.encode_sessions(batch, items)[told]
        similarity: Any = model.similarity_module
        if similarity.distance == Distance.COSINE:
            sessions, items = map(similarity._get_embeddings_norm, (sessions, items))
        candidates = torch.cat([batch["y"][told][:, None], batch["negatives"][told]], dim=1)
        logits = (sessions @ items.T).gather(1, candidates) / self.logits_t
        target = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
        each = cross_entropy(logits, target, reduction="none") * batch["yw"][told]
        loss = each.sum() / (each > 0).to(each.dtype).sum()
        self.log(self.train_loss_name, loss, on_step=False, on_epoch=True)
        return loss
