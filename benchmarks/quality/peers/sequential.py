"""RecTools' Transformers: SASRec, eSASRec, HSTU, BERT4Rec."""

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as lightning
import torch
from benchmarks.quality.lists import K, Lists
from benchmarks.quality.peers.fast import ToldPositions
from benchmarks.quality.peers.part import Part, moment, square
from benchmarks.quality.peers.watch import UNWATCHED, Watch
from rectools.dataset import Dataset
from rectools.models import BERT4RecModel, HSTUModel, SASRecModel
from rectools.models.nn.transformers.ligr import LiGRLayers

EPOCHS = 200


@dataclass
class Transformer:
    """A Transformer of RecTools, learned epoch by epoch.

    settings: arguments of the model, and `epochs`; `stock` takes the package's own training step
    instead of the equal but faster one of `fast.py`.
    """

    settings: dict[str, Any]
    seed: int

    def fit(self, part: Part, watch: Watch = UNWATCHED) -> "Transformer":
        """Learn until the watch has seen enough, or for as many epochs as the settings say."""
        told = dict(self.settings)
        epochs, stock = told.pop("epochs", EPOCHS), told.pop("stock", False)
        for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric"):
            logging.getLogger(name).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="pytorch_lightning|rectools|lightning")
        torch.set_num_threads(max(1, torch.get_num_threads()))
        lightning.seed_everything(self.seed, verbose=False)
        if not stock and told.get("loss") == "sampled_softmax":
            told["lightning_module_type"] = ToldPositions
        self.dataset = Dataset.construct(part.frame())
        self.model = self._made(told)
        self.model.get_trainer_func = None
        self.model._trainer = lightning.Trainer(
            max_epochs=epochs, logger=False, enable_checkpointing=False, devices=1,
            accelerator="cpu", enable_progress_bar=False, enable_model_summary=False,
            callbacks=[Watching(self, part, watch)],
        )  # fmt: skip
        self.model.fit(self.dataset)
        return self

    def _made(self, told: dict[str, Any]) -> Any:
        raise NotImplementedError

    def lists(self, part: Part) -> Lists:
        """The best items of every ask; who has no event that the model knows gets none."""
        rows, n = part.servable, min(K + part.room, part.known)
        users = part.ask_user[rows]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.model.recommend(
                users, self.dataset, k=n, filter_viewed=False,
                on_unsupported_targets="ignore", context=self._context(users, part.at[rows]),
            )  # fmt: skip
        items, scores, some = square(found, users, n)
        return part.answer(rows[some], items[some], scores[some])

    def _context(self, users: np.ndarray, at: np.ndarray) -> pd.DataFrame | None:
        if not self.model.require_recommend_context:
            return None
        times = {"user_id": users, "datetime": moment(at), "weight": 1.0}
        return pd.DataFrame(times)


class Watching(lightning.Callback):
    """Shows the model to the watch after every epoch, as it would answer now."""

    def __init__(self, peer: Transformer, part: Part, watch: Watch) -> None:
        self.peer, self.part, self.watch = peer, part, watch

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Ask the watch; go on learning as before unless it has seen enough."""
        if self.watch is UNWATCHED:
            return
        state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        self.peer.model.is_fitted = True
        trainer.should_stop = self.watch.enough(lambda: self.peer.lists(self.part))
        module.train()
        torch.set_rng_state(state[0])
        np.random.set_state(state[1])  # noqa: NPY002

    def __deepcopy__(self, memo: Any) -> "Watching":
        """RecTools copies its trainer; what is watched stays the same."""
        return self


class SASRec(Transformer):
    """SASRec with sampled softmax."""

    def _made(self, told: dict[str, Any]) -> Any:
        return SASRecModel(**told)


class ESASRec(Transformer):
    """eSASRec: LiGR layers and sampled softmax."""

    def _made(self, told: dict[str, Any]) -> Any:
        return SASRecModel(transformer_layers_type=LiGRLayers, **told)


class HSTU(Transformer):
    """HSTU with relative time and position bias."""

    def _made(self, told: dict[str, Any]) -> Any:
        logits_t = told.pop("logits_t", None)
        if logits_t is not None:
            told["lightning_module_kwargs"] = {"logits_t": logits_t}
        return HSTUModel(relative_time_attention=True, relative_pos_attention=True, **told)


class BERT4Rec(Transformer):
    """BERT4Rec."""

    def _made(self, told: dict[str, Any]) -> Any:
        return BERT4RecModel(**told)
