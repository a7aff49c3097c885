"""The loop: passes over batches, a held-out score after each, the best weights kept."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from penchant.memory import Regularly
from penchant.random import derive
from penchant.types import QUIET, Progress


@dataclass
class Loop:
    """Learns a module's weights, and can be interrupted after any pass and resumed.

    `batches(epoch)` gives how many batches a pass has, and the batches; `losses(batch)` scalars
    whose sum is to fall: each is followed back before the next is asked for, so there need not be
    room for all of them; `judge()` a held-out score, higher is better (None: all passes are run and
    the last one kept). With a `checkpoint` folder, a pass that was finished is not run again.
    `average` is the share that a step leaves at most of the running mean of the weights (0: there
    is none): what is judged and kept is that mean, and learning goes on from the weights themselves
    (Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992).
    """

    module: nn.Module
    optimiser: torch.optim.Optimizer
    batches: Callable[[int], tuple[int, Iterable[Any]]]
    losses: Callable[[Any], Iterable[Tensor]]
    judge: Callable[[], float] | None = None
    epochs: int = 10
    patience: int = 2
    average: float = 0.0
    seed: int = 0
    name: str = "learning"
    progress: Progress = QUIET
    checkpoint: Path | None = None
    done: int = field(init=False, default=0)
    best: float = field(init=False, default=float("-inf"))
    best_epoch: int = field(init=False, default=0)
    steps: int = field(init=False, default=0)
    mean: list[Tensor] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.mean = [p.detach().clone() for p in self.module.parameters()] if self.average else []

    def run(self) -> int:
        """Run the passes and leave the best weights in the module; the pass they came from."""
        kept = self._resume()
        kept = kept if kept is not None else _copy(self.module)
        while self.done < self.epochs and not self._tired():
            self._one_pass(self.done)
            self.done += 1
            with self._averaged():
                score = self.judge() if self.judge else float(self.done)
                if score > self.best:
                    self.best, self.best_epoch, kept = score, self.done, _copy(self.module)
            self._save(kept)
        self.module.load_state_dict(kept)
        self.module.eval()
        return self.best_epoch

    def _tired(self) -> bool:
        return self.judge is not None and self.done - self.best_epoch >= self.patience

    def _one_pass(self, epoch: int) -> None:
        """One pass; draws depend on the seed and the pass alone, and touch no global state."""
        self.module.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.seed, self.name, epoch))
            count, batches = self.batches(epoch)
            best = f", best {self.best:.4f}" if self.best_epoch and self.judge else ""
            with self.progress.step(f"{self.name}: pass {epoch + 1}{best}", count) as step:
                freed = Regularly()
                for batch in batches:
                    freed.give_back()
                    self.optimiser.zero_grad(set_to_none=True)
                    said = 0.0
                    for loss in self.losses(batch):
                        loss.backward()  # type: ignore[no-untyped-call]
                        said += loss.item()
                    nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
                    self.optimiser.step()
                    self._follow()
                    step.advance(1, f"loss {said:.3f}")

    @torch.no_grad()
    def _follow(self) -> None:
        """The mean follows the weights, fast at first."""
        self.steps += 1
        kept = min(self.average, self.steps / (self.steps + 9.0))
        for mean, now in zip(self.mean, self.module.parameters(), strict=bool(self.mean)):
            mean.lerp_(now, 1.0 - kept)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The module with the mean in place of its weights."""
        self._swap()
        yield
        self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        self.module.eval()
        for index, now in enumerate(self.module.parameters() if self.mean else ()):
            self.mean[index], now.data = now.data, self.mean[index]

    def _save(self, kept: dict[str, Tensor]) -> None:
        if self.checkpoint is None:
            return
        self.checkpoint.mkdir(parents=True, exist_ok=True)
        tensors = {f"now.{k}": v for k, v in _copy(self.module).items()}
        tensors |= {f"best.{k}": v for k, v in kept.items()}
        moments = self.optimiser.state_dict()["state"]
        for index, values in moments.items():
            tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in values.items()}
        tensors |= {f"mean.{index}": mean for index, mean in enumerate(self.mean)}
        where = {
            "done": self.done,
            "steps": self.steps,
            "best": self.best,
            "best_epoch": self.best_epoch,
        }
        part = self.checkpoint / "loop.part"
        save_file(
            {k: v.contiguous().clone() for k, v in tensors.items()},
            part,
            {"loop": json.dumps(where)},
        )
        part.replace(self.checkpoint / "loop.safetensors")

    def _resume(self) -> dict[str, Tensor] | None:
        """Go on where an interrupted run stopped; a checkpoint that does not fit is not used."""
        path = self.checkpoint / "loop.safetensors" if self.checkpoint else None
        if path is None or not path.exists():
            return None
        from safetensors import safe_open

        try:
            with safe_open(path, "pt") as file:
                where = json.loads(file.metadata()["loop"])
            tensors = load_file(path)
            mean, steps = [tensors[f"mean.{n}"] for n in range(len(self.mean))], where["steps"]
            self.module.load_state_dict(_under("now.", tensors))
        except (SafetensorError, KeyError, RuntimeError, ValueError):
            return None
        state = self.optimiser.state_dict()
        for name, value in _under("optimiser.", tensors).items():
            index, key = name.split(".", 1)
            state["state"].setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict(state)
        self.done, self.best = where["done"], where["best"]
        self.mean, self.steps = mean, steps
        self.best_epoch = where["best_epoch"]
        return _under("best.", tensors)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in module.state_dict().items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
