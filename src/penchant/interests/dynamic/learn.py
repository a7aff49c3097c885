"""How the dynamic layer learns: each event of the log is to be said from those before it."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from penchant.data.histories import Histories
from penchant.interests.base.closed_form import centred, nearest_by_text
from penchant.interests.dynamic.heading import Heading, Past
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.interests.layer import Training
from penchant.random import derive, rng
from penchant.train.batches import NOBODY, OPEN, Sequencer, Sequences, asked, augmented
from penchant.train.holdout import ndcg
from penchant.train.loop import Loop
from penchant.train.losses import candidates, in_parts, sampled_softmax_loss, softmax_loss
from penchant.train.optimiser import adamw
from penchant.types import Bools, Floats, Ints, Longs

_PLACES = 512  # places of a batch that share their candidates
_AT_ONCE = 8_192  # places of a batch that the network is asked about at once
_ASKED = 1000  # held-out moments judged at once, at most
_CELLS = 20_000_000  # scores of theirs held at once


def learn(config: DynamicConfig, training: Training, *, both_ways: bool) -> tuple[Heading, int]:
    """The network with the best held-out NDCG@10, and after how many passes it had it."""
    net = _fresh(config, training, both_ways)
    loop = _loop(net, config, training, config.passes(len(training.log)))
    loop.judge = _judge(net, config, training)
    return net, loop.run()


def learn_again(net: Heading, config: DynamicConfig, training: Training, passes: int) -> Heading:
    """The network of a larger log: learned anew, with as many passes as were best.

    Where the budget ended it before it was as good as it gets, it goes on from what it knows.
    """
    most = config.passes(len(training.log))
    if not passes >= most < config.epochs:
        net = _fresh(config, training, net.both_ways)
    loop = _loop(net, config, training, passes)
    loop.name += " (whole log)"
    loop.checkpoint = loop.checkpoint and loop.checkpoint.with_suffix(".whole")
    loop.run()
    return net


def _fresh(config: DynamicConfig, training: Training, both_ways: bool) -> Heading:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(training.seed, "dynamic", config.kind))
        net = Heading(training.catalogue, config, both_ways=both_ways)
    net.items.start_without(_met(training.log))
    return net


def _judge(net: Heading, config: DynamicConfig, training: Training) -> Callable[[], float] | None:
    """NDCG@10 of held-out moments, beside what everybody turns to."""
    holdout = training.holdout
    if holdout is None or not len(holdout):
        return None
    most = max(1, min(_ASKED, _CELLS // max(holdout.n_items, 1)))
    parts = [
        holdout.take(np.arange(a, min(a + most, len(holdout))))
        for a in range(0, len(holdout), most)
    ]
    sequences = [asked(part.moments, config.length) for part in parts]

    def good() -> float:
        found = []
        for part, some in zip(parts, sequences, strict=True):
            scores = net.score(some)
            if training.prior is not None:
                scores += training.prior.before(part.moments.at)
            found.append(ndcg(scores, part))
        return float(np.concatenate(found).mean())

    return good


def _loop(net: Heading, config: DynamicConfig, training: Training, passes: int) -> Loop:
    sequencer = Sequencer(training.log, config.length, repeats=training.repeats)
    lesson = _Lesson(net, config, training, sequencer)
    name = "base" if net.both_ways else "dynamic"
    return Loop(
        module=net,
        optimiser=adamw(net, rate=config.rate, decay=config.decay, fused=True),
        batches=lesson.batches,
        losses=lesson.losses,
        epochs=passes,
        patience=config.patience,
        average=config.average,
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
        self.step = config.step(len(training.log))
        self.steps = max(1, config.events // self.step)
        self.prior = None if net.both_ways else training.prior
        met = _met(training.log)
        self.q = _chances(training.log) if n > 3 * config.negatives else None
        self.met = torch.from_numpy(np.flatnonzero(met))
        self.place = torch.from_numpy(np.cumsum(met) - 1)
        wants = {"replace", "insert"} & set(config.augment.changes)
        self.similar = _similar(training.catalogue.text) if wants else None

    def batches(self, epoch: int) -> tuple[int, Iterable[Sequences]]:
        draw = rng(self.seed, "batches", epoch)
        made = list(self.sequencer.groups(self.step, draw))[: self.steps]
        changed = partial(augmented, config=self.config.augment, draw=draw, similar=self.similar)
        return len(made), (changed(self.sequencer.of(g)) for g in made)

    def losses(self, batch: Sequences) -> Iterator[Tensor]:
        """The loss on a batch, a part of its sequences at a time where they have many places."""
        past, target = Past.of(batch), torch.from_numpy(batch.target)
        if self.net.both_ways:
            past, target = _cloze(past, target)
        rows, learned = max(1, _AT_ONCE // batch.item.shape[1]), int((target >= 0).sum())
        for a in range(0, len(batch), rows):
            part = slice(a, a + rows)
            if n := int((target[part] >= 0).sum()):
                some = Past(*(column[part] for column in past))
                yield self._loss(some, target[part], batch.when[part]) * (n / learned)

    def _loss(self, past: Past, target: Tensor, when: Longs) -> Tensor:
        learn = target >= 0
        wanted = target[learn].long()
        when = when[learn.numpy()] if self.prior is not None else when[:0, 0]
        if self.q is None:
            vectors = self.net.vectors()
            d = self.net(vectors, past)[learn]
            prior = self._prior(when, self.met.numpy())
            among = vectors[self.met], self.place[wanted]
            return softmax_loss(d, *among, self.config.temperature, prior)
        return self._sampled(past, learn, wanted, when)

    def _prior(self, when: Longs, items: Longs | None) -> Tensor | None:
        return None if self.prior is None else torch.from_numpy(self.prior.before(when, items))

    def _sampled(self, past: Past, learn: Tensor, wanted: Tensor, when: Longs) -> Tensor:
        """The loss over candidates, drawn anew for every few places; only items that the batch
        needs get a vector."""
        if self.q is None:
            raise AssertionError("a sampled loss needs chances")
        item = past.item
        groups = torch.split(torch.randperm(len(wanted)), _PLACES)
        drawn = [candidates(wanted[g], self.q, self.config.negatives) for g in groups]
        rows, place = torch.unique(
            torch.cat([item.clamp_min(0).flatten(), *(among for among, _, _ in drawn)]),
            return_inverse=True,
        )
        vectors, n = self.net.vectors(rows), item.numel()
        local = torch.where(item >= 0, place[:n].view_as(item), item)
        d = self.net(vectors, past._replace(item=local))[learn]
        places = torch.split(place[n:], [len(among) for among, _, _ in drawn])

        def losses(d: Tensor, vectors: Tensor) -> Iterator[Tensor]:
            for g, (among, where, log_chance), at in zip(groups, drawn, places, strict=True):
                prior = self._prior(when[g.numpy()] if len(when) else when, among.numpy())
                loss = sampled_softmax_loss(
                    d[g], vectors[at], where, self.config.temperature, log_chance, prior
                )
                yield loss * (len(g) / len(wanted))

        return in_parts(losses, d, vectors)


def _similar(text: Floats, k: int = 5) -> Ints:
    """The most alike items by text [I × k]."""
    near = nearest_by_text(centred(text), centred(text), k + 1).tocoo()
    row, column = near.coords
    other = row != column
    order = np.lexsort((-near.data[other], row[other]))
    row, column = row[other][order], column[other][order]
    nth = np.arange(len(row)) - np.searchsorted(row, row)
    found = np.tile(np.arange(len(text))[:, None], (1, k))
    found[row[nth < k], nth[nth < k]] = column[nth < k]
    return found.astype(np.int32)


def _cloze(past: Past, target: Tensor, share: float = 0.25) -> tuple[Past, Tensor]:
    """Open some places, always that of what came last; what was liked there is to be said."""
    past = past.opened(target[:, -1:].long())
    item = past.item
    hide = (torch.rand(item.shape) < share) & (item >= 0) & (past.sign > 0)
    hide[:, -1] = item[:, -1] >= 0
    return past._replace(item=torch.where(hide, OPEN, item)), torch.where(hide, item, NOBODY)


def _met(log: Histories) -> Bools:
    """Items with a positive event [I]: the others are not known to be wanted less."""
    return np.bincount(log.item[log.positive], minlength=len(log.items)) > 0


def _chances(log: Histories) -> Tensor:
    """Half by share of events, half alike for all items met [I]: what negatives are drawn by."""
    counts = np.bincount(log.item[log.positive], minlength=len(log.items)).astype(np.float64)
    q = counts / max(counts.sum(), 1.0) + (counts > 0) / max((counts > 0).sum(), 1)
    return torch.from_numpy((q / max(q.sum(), 1e-9)).astype(np.float32))
