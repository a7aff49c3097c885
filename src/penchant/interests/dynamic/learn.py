"""How the dynamic layer learns: each event of the log is to be said from those before it."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from penchant.data.augment import augment
from penchant.data.histories import Histories
from penchant.interests.base.closed_form import centred, nearest_by_text
from penchant.interests.dynamic.heading import Heading
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.interests.layer import Training
from penchant.random import derive, rng
from penchant.train.batches import Sequencer, Sequences, asked
from penchant.train.holdout import ndcg
from penchant.train.loop import Loop
from penchant.train.losses import sampled_softmax_loss, softmax_loss


def learn(
    config: DynamicConfig, training: Training, *, both_ways: bool
) -> tuple[Heading, int]:
    """The network with the best held-out NDCG@10, and after how many passes it had it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(training.seed, "dynamic", config.kind))
        net = Heading(training.catalogue, config, both_ways=both_ways)
    loop = _loop(net, config, training, config.epochs, config.rate)
    return net, loop.run()


def go_on(net: Heading, config: DynamicConfig, training: Training) -> None:
    """One more pass over a larger log, at a lower rate."""
    loop = _loop(net, config, training, 1, config.rate * 0.3)
    loop.judge, loop.checkpoint = None, None
    loop.name += " (whole log)"
    loop.run()


def _loop(
    net: Heading, config: DynamicConfig, training: Training, epochs: int, rate: float
) -> Loop:
    sequencer = Sequencer(training.log, config.length, repeats=training.repeats)
    lesson = _Lesson(net, config, training, sequencer)
    holdout = training.holdout
    judge = None
    if holdout is not None and len(holdout):
        sequences = asked(holdout.moments, config.length)

        def judge() -> float:
            return float(ndcg(net.score(sequences), holdout).mean())

    name = "base" if net.both_ways else "dynamic"
    return Loop(
        module=net,
        optimiser=torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=config.decay),
        batches=lesson.batches,
        loss=lesson.loss,
        judge=judge,
        epochs=epochs,
        patience=config.patience,
        seed=training.seed,
        name=name,
        progress=training.progress,
        checkpoint=training.scratch / name if training.scratch else None,
    )


class _Lesson:
    """Batches of one log, and the loss on each."""

    def __init__(
        self, net: Heading, config: DynamicConfig, training: Training, sequencer: Sequencer
    ) -> None:
        self.net, self.config, self.sequencer = net, config, sequencer
        self.seed, n = training.seed, len(training.catalogue)
        self.q = _chances(training.log) if n > 3 * config.negatives else None
        wants = {"replace", "insert"} & set(config.augment.changes)
        self.similar = _similar(training.catalogue.text) if wants else None

    def batches(self, epoch: int) -> tuple[int, Iterable[Sequences]]:
        draw = rng(self.seed, "batches", epoch)
        made = list(self.sequencer.groups(self.config.batch, draw))
        return len(made), (self._changed(self.sequencer.of(g), draw) for g in made)

    def loss(self, batch: Sequences) -> Tensor:
        item, sign, gap, target = (
            torch.from_numpy(x) for x in (batch.item, batch.sign, batch.gap, batch.target)
        )
        if self.net.both_ways:
            item, target = _cloze(item)
        vectors = self.net.vectors()
        d = self.net(vectors, item.long(), sign, gap.long())
        learn = target >= 0
        if not bool(learn.any()):
            return d.sum() * 0.0
        d, target = d[learn], target[learn].long()
        if self.q is None:
            return softmax_loss(d, vectors, target, self.config.temperature)
        return sampled_softmax_loss(
            d, vectors, target, self.config.temperature, self.q, self.config.negatives
        )

    def _changed(self, batch: Sequences, draw: np.random.Generator) -> Sequences:
        """The batch with its sequences augmented; an item never met is nobody's target."""
        if not self.config.augment.changes:
            return batch
        T = batch.item.shape[1]
        whole = np.concatenate([batch.item, batch.target[:, -1:]], axis=1)
        length = (batch.item >= 0).sum(axis=1) + 1
        left = _shifted(whole, T + 1 - length)
        made = augment(
            left, length, self.config.augment, draw, pad=-1, mask=-2, similar=self.similar
        )
        back = made.length - (T + 1)
        item, fresh = _shifted(made.item, back), _shifted(made.fresh, back)
        place = np.clip(_shifted(made.source, back) + (T + 1 - length)[:, None], 0, T - 1)
        inside = np.arange(T + 1) >= (T + 1 - made.length)[:, None]
        item = np.where(inside, item, -1).astype(np.int32)
        known = inside[:, 1:] & ~fresh[:, 1:] & (item[:, 1:] >= 0) & inside[:, :-1]
        return Sequences(
            item[:, :-1],
            np.where(inside, np.take_along_axis(batch.sign, place, 1), 0)[:, :-1],
            np.where(inside, np.take_along_axis(batch.gap, place, 1), 0)[:, :-1].astype(np.int32),
            np.where(known, item[:, 1:], -1).astype(np.int32),
        )


def _shifted(rows: np.ndarray, by: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Each row rolled to the left by its own number of places."""
    T = rows.shape[1]
    return np.take_along_axis(rows, (np.arange(T)[None, :] + by[:, None]) % T, axis=1)


def _similar(text: np.ndarray, k: int = 5) -> np.ndarray:  # type: ignore[type-arg]
    """The most alike items by text [I × k]."""
    near = nearest_by_text(centred(text), centred(text), k + 1).tocoo()
    row, column = near.coords
    other = row != column
    order = np.lexsort((-near.data[other], row[other]))
    row, column = row[other][order], column[other][order]
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    found = np.tile(np.arange(len(text))[:, None], (1, k))
    found[row[nth < k], nth[nth < k]] = column[nth < k]
    return found


def _cloze(item: Tensor, share: float = 0.25) -> tuple[Tensor, Tensor]:
    """Open some places, always the last; what stood there is to be said (BERT4Rec)."""
    there = item >= 0
    hide = (torch.rand(item.shape) < share) & there
    hide[:, -1] |= there[:, -1]
    return torch.where(hide, -2, item), torch.where(hide, item, -1)


def _chances(log: Histories) -> Tensor:
    """Half by share of events, half alike for all items [I]: what negatives are drawn by."""
    n = len(log.items)
    counts = np.bincount(log.item[log.positive], minlength=n).astype(np.float64)
    q = 0.5 * counts / max(counts.sum(), 1.0) + 0.5 / n
    return torch.from_numpy((q / q.sum()).astype(np.float32))
