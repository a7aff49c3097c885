"""The loop: passes over batches, a held-out score after each, the best weights kept."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from penchant.random import derive
from penchant.types import QUIET, Progress


@dataclass
class Loop:
    """Learns a module's weights, and can be interrupted after any pass and resumed.

    `batches(epoch)` gives how many batches a pass has, and the batches; `loss(batch)` a scalar;
    `judge()` a held-out score, higher is better (None: all passes are run and the last one kept).
    With a `checkpoint` folder, a pass that was finished is not run again.
    """

    module: nn.Module
    optimiser: torch.optim.Optimizer
    batches: Callable[[int], tuple[int, Iterable[Any]]]
    loss: Callable[[Any], Tensor]
    judge: Callable[[], float] | None = None
    epochs: int = 10
    patience: int = 2
    seed: int = 0
    name: str = "learning"
    progress: Progress = QUIET
    checkpoint: Path | None = None
    done: int = field(init=False, default=0)
    best: float = field(init=False, default=float("-inf"))
    best_epoch: int = field(init=False, default=0)

    def run(self) -> int:
        """Run the passes and leave the best weights in the module; the pass they came from."""
        kept = self._resume()
        kept = kept if kept is not None else _copy(self.module)
        while self.done < self.epochs and not self._tired():
            self._one_pass(self.done)
            self.done += 1
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
                for batch in batches:
                    self.optimiser.zero_grad(set_to_none=True)
                    loss = self.loss(batch)
                    loss.backward()  # type: ignore[no-untyped-call]
                    nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
                    self.optimiser.step()
                    step.advance(1, f"loss {loss.item():.3f}")

    def _save(self, kept: dict[str, Tensor]) -> None:
        if self.checkpoint is None:
            return
        self.checkpoint.mkdir(parents=True, exist_ok=True)
        tensors = {f"now.{k}": v for k, v in _copy(self.module).items()}
        tensors |= {f"best.{k}": v for k, v in kept.items()}
        moments = self.optimiser.state_dict()["state"]
        for index, values in moments.items():
            tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in values.items()}
        where = {"done": self.done, "best": self.best, "best_epoch": self.best_epoch}
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
            self.module.load_state_dict(_under("now.", tensors))
        except (SafetensorError, KeyError, RuntimeError, ValueError):
            return None
        state = self.optimiser.state_dict()
        for name, value in _under("optimiser.", tensors).items():
            index, key = name.split(".", 1)
            state["state"].setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict(state)
        self.done, self.best = where["done"], where["best"]
        self.best_epoch = where["best_epoch"]
        return _under("best.", tensors)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in module.state_dict().items()}


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
