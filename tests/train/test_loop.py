"""Interrupted and resumed, the loop ends with the same bits; and it leaves global state alone."""

from contextlib import contextmanager
from pathlib import Path
from weakref import WeakSet

import numpy as np
import pytest
import torch
from torch import nn

from penchant.interests.dynamic.heading import Heading
from penchant.interests.dynamic.learn import learn
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.testing.layers import nothing_drawn_from_global_state, planted, taught
from penchant.train.loop import Loop
from penchant.train.losses import candidates, in_parts, sampled_softmax_loss, softmax_loss


class Interrupts:
    """Progress that acts as somebody who presses Ctrl-C when a pass begins."""

    def __init__(self, at: str) -> None:
        self.at, self.seen = at, []

    @contextmanager
    def step(self, name, total=None):
        self.seen.append(name)
        if self.at in name:
            raise KeyboardInterrupt
        yield self

    def advance(self, n=1, note=""):
        pass


class Watching(Interrupts):
    def __init__(self):
        super().__init__("never")


def lesson(**more):
    torch.manual_seed(7)
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
    X = torch.randn(40, 3)
    Y = X.sum(1, keepdim=True)

    def batches(epoch):
        order = torch.randperm(40)
        return 4, (order[a : a + 10] for a in range(0, 40, 10))

    def judge():
        net.eval()
        with torch.no_grad():
            return -float(((net(X) - Y) ** 2).mean())

    settings = {"judge": judge, "epochs": 6, "patience": 6, "seed": 1, **more}
    return Loop(
        module=net,
        optimiser=torch.optim.AdamW(net.parameters(), lr=0.05),
        batches=batches,
        losses=lambda rows: [((net(X[rows]) - Y[rows]) ** 2).mean()],
        **settings,
    )


def weights(loop):
    return torch.cat([p.detach().ravel() for p in loop.module.parameters()])


def test_what_is_kept_and_judged_is_the_running_mean_and_learning_goes_on_from_the_weights():
    """Each of the 24 steps is seen; the mean of them, by hand, is what the module ends with."""
    seen, judged = [], []
    loop = lesson(average=0.8, judge=None)
    stepped = loop.optimiser.step

    def step():
        stepped()
        seen.append(weights(loop))

    def judge():
        judged.append(weights(loop))
        return float(len(judged))

    mean = weights(loop)
    loop.optimiser.step, loop.judge = step, judge
    loop.run()
    for t, now in enumerate(seen, 1):
        mean = torch.lerp(mean, now, 1.0 - min(0.8, t / (t + 9.0)))
        if t % 4 == 0:
            assert torch.allclose(judged[t // 4 - 1], mean, atol=1e-6)
    assert len(seen) == 24
    assert torch.allclose(weights(loop), mean, atol=1e-6)
    plain = lesson(average=0.0, judge=None)
    plain.run()
    assert torch.equal(weights(plain), seen[-1])  # the steps themselves are no others


@pytest.mark.parametrize("average", [0.0, 0.8])
@pytest.mark.parametrize("at", [2, 4, 6])
def test_interrupted_and_resumed_is_as_if_nothing_had_happened(tmp_path: Path, at, average):
    whole = lesson(average=average)
    best = whole.run()
    broken = lesson(average=average, checkpoint=tmp_path, progress=Interrupts(f"pass {at}"))
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    watched = Watching()
    resumed = lesson(average=average, checkpoint=tmp_path, progress=watched)
    assert resumed.run() == best
    assert torch.equal(weights(resumed), weights(whole))
    assert len(watched.seen) == 6 - (at - 1), "a pass that was finished is not run again"


def test_what_is_finished_is_not_run_again(tmp_path: Path):
    first = lesson(checkpoint=tmp_path)
    first.run()
    watched = Watching()
    second = lesson(checkpoint=tmp_path, progress=watched)
    second.run()
    assert not watched.seen
    assert torch.equal(weights(first), weights(second))


@pytest.mark.parametrize("spoil", ["empty", "other", "noise"])
def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path: Path, spoil):
    whole = lesson()
    whole.run()
    file = tmp_path / "loop.safetensors"
    if spoil == "other":
        other = lesson(checkpoint=tmp_path)
        other.module = nn.Linear(2, 2)
        other.optimiser = torch.optim.AdamW(other.module.parameters())
        other._save({k: v.clone() for k, v in other.module.state_dict().items()})
    else:
        file.write_bytes(b"" if spoil == "empty" else b"no tensors here at all")
    again = lesson(checkpoint=tmp_path)
    again.run()
    assert torch.equal(weights(again), weights(whole))


def test_the_best_pass_is_kept_and_patience_ends_it():
    told = iter([0.1, 0.5, 0.4, 0.45, 0.9])
    kept = []
    loop = lesson(patience=2)
    loop.judge = lambda: kept.append(weights(loop).clone()) or next(told)
    assert loop.run() == 2
    assert len(kept) == 4
    assert torch.equal(weights(loop), kept[1])


def test_without_a_judge_the_last_pass_is_kept():
    loop = lesson(judge=None, epochs=3)
    assert loop.run() == 3


def test_draws_touch_no_global_state():
    loop = lesson()
    with nothing_drawn_from_global_state():
        loop.run()


def test_a_whole_network_interrupted_is_the_same(tmp_path: Path):
    from dataclasses import replace

    config = DynamicConfig(dims=8, epochs=3, batch=256, length=5, patience=3)
    training = taught(planted("pairs", users=60))
    net, epochs = learn(config, training, both_ways=False)
    broken = replace(training, scratch=tmp_path, progress=Interrupts("pass 2"))
    with pytest.raises(KeyboardInterrupt):
        learn(config, broken, both_ways=False)
    again, later = learn(config, replace(training, scratch=tmp_path), both_ways=False)
    assert epochs == later
    assert isinstance(net, Heading)
    for a, b in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_softmax_loss_is_the_same_in_pieces(monkeypatch):
    torch.manual_seed(0)
    d, v, target = torch.randn(30, 5), torch.randn(12, 5), torch.randint(12, (30,))
    whole = softmax_loss(d, v, target, 0.5)
    monkeypatch.setattr("penchant.train.losses._CELLS", 60)
    assert softmax_loss(d, v, target, 0.5).item() == pytest.approx(whole.item(), rel=1e-5)


def test_the_sampled_loss_pulls_as_the_whole_one_does():
    """Its slope, averaged over draws, points where that of the whole softmax points."""
    torch.manual_seed(0)
    n = 60
    v = torch.randn(n, 6)
    q = torch.full((n,), 1.0 / n)
    target = torch.multinomial(q, 400, replacement=True)
    d = torch.randn(400, 6, requires_grad=True)
    (whole,) = torch.autograd.grad(softmax_loss(d, v, target, 1.0), d)
    total = torch.zeros_like(whole)
    few = [slice(a, a + 10) for a in range(0, 400, 10)]
    for _ in range(150):
        for part in few:
            items, where, log_chance = candidates(target[part], q, 40)
            loss = sampled_softmax_loss(d[part], v[items], where, 1.0, log_chance)
            (slope,) = torch.autograd.grad(loss, d)
            total += slope / len(few) / 150
    cosine = torch.nn.functional.cosine_similarity(whole.ravel(), total.ravel(), dim=0)
    assert cosine > 0.98
    assert total.norm() / whole.norm() == pytest.approx(1.0, abs=0.1)


class Saved:
    """What is kept to follow a loss back."""

    def __init__(self, x: torch.Tensor) -> None:
        self.x = x


def test_losses_in_parts_pull_as_their_sum_does_and_one_is_held_at_a_time():
    torch.manual_seed(0)
    d, v = torch.randn(30, 4, requires_grad=True), torch.randn(9, 4, requires_grad=True)
    parts, saved, held = torch.split(torch.randperm(30), 8), WeakSet(), []

    def losses(d: torch.Tensor, v: torch.Tensor):
        for part in parts:
            held.append(len(saved))
            yield (d[part] @ v.T).logsumexp(dim=1).sum()

    def keep(x: torch.Tensor) -> Saved:
        saved.add(one := Saved(x))
        return one

    whole = sum(losses(2.0 * d, v))
    slopes = torch.autograd.grad(whole, (d, v))
    twice = 2.0 * d
    held.clear()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one.x):
        total = in_parts(losses, twice, v)
    assert held == [0, 0, 0, 0]
    assert total.item() == pytest.approx(whole.item(), rel=1e-6)
    for found, expected in zip(torch.autograd.grad(total, (d, v)), slopes, strict=True):
        torch.testing.assert_close(found, expected)


def test_no_losses_at_all_pull_nowhere():
    d = torch.ones(3, requires_grad=True)
    assert in_parts(lambda _: [], d).item() == 0.0


def test_a_pass_over_no_batches_is_no_problem():
    loop = lesson(epochs=1)
    loop.batches = lambda epoch: (0, [])
    assert loop.run() == 1
    assert np.isfinite(weights(loop).numpy()).all()
