"""What has to hold between their code and ours, and how long a peer takes to a given quality."""

import json
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import torch
from benchmarks.quality.lists import Lists, judge, ranks
from benchmarks.quality.peers.grids import GRIDS, maker
from benchmarks.quality.peers.part import Part, pairs
from benchmarks.quality.peers.watch import Stopwatch
from rectools.metrics import MAP, MRR, NDCG, Recall, calc_metrics

from penchant.evaluate.metrics import measure

KS = (1, 5, 10, 20, 50)


def metrics(folder: Path, path: Path) -> dict[str, Any]:
    """Largest difference between RecTools' metrics and ours on the same lists, user by user.

    RecTools takes places as they are, so the lists' scores are replaced by places. Its MAP divides
    by |R|, ours by min(|R|, k); that factor is taken out.
    """
    told = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    lists = Lists.load(path)
    targets = pairs(folder / "answers" / "targets.parquet", (told["asked"], told["items"]))
    places = np.broadcast_to(-np.arange(lists.items.shape[1], dtype=np.float32), lists.items.shape)
    found = ranks(Lists(lists.items, places, lists.popular), targets)
    ours = measure(found, KS)
    total = pd.Series(np.asarray(found.total))
    owner, item = targets.nonzero()
    truth = pd.DataFrame({"user_id": owner, "item_id": item})
    row, place = np.nonzero(lists.items >= 0)
    reco = pd.DataFrame(
        {"user_id": row, "item_id": lists.items[row, place], "rank": place + 1}
    )  # fmt: skip
    apart = {}
    for k in KS:
        theirs = {
            "recall": Recall(k), "ndcg": NDCG(k, divide_by_achievable=True),
            "mrr": MRR(k), "map": MAP(k),
        }  # fmt: skip
        for name, metric in theirs.items():
            value = metric.calc_per_user(reco, truth).reindex(range(told["asked"])).to_numpy()
            if name == "map":
                value = value * (total / total.clip(upper=k)).to_numpy()
            apart[f"{name}@{k}"] = float(np.abs(value - ours[f"{name}@{k}"]).max())
        means = calc_metrics({f"ndcg@{k}": theirs["ndcg"]}, reco, truth)
        apart[f"mean ndcg@{k}"] = abs(means[f"ndcg@{k}"] - float(ours[f"ndcg@{k}"].mean()))
    return {"largest difference": apart, "users": told["asked"], "lists": path.name}


def same_step(folder: Path, name: str) -> dict[str, Any]:
    """Losses of the first epochs with RecTools' training step and with ours, same seed."""
    part = Part.read(folder)
    few = part.user < 256
    some = Part(**{**part.__dict__, **{k: getattr(part, k)[few] for k in ("user", "item", "time")}})
    losses = {}
    for stock in (True, False):
        peer = maker(name)({**GRIDS[name][0], "stock": stock, "epochs": 3}, seed=0).fit(some)
        weights = torch.cat([p.detach().ravel() for p in peer.model.torch_model.parameters()])
        losses[stock] = weights.numpy()
    apart = float(np.abs(losses[True] - losses[False]).max())
    return {
        "largest difference of a weight": apart,
        "largest weight": float(abs(losses[True]).max()),
    }


def reach(
    name: str, folder: Path, settings: dict[str, Any], seed: int, most: float
) -> dict[str, Any]:
    """Train on a validation part until a target NDCG@10 (`target` of settings) is reached, or two
    epochs brought nothing better: what is asked for is the time to the best one."""
    told = dict(settings)
    target = told.pop("target", None)
    part = Part.read(folder)
    targets = pairs(folder / "answers" / "targets.parquet", (len(part.ask_user), part.n_items))
    watch = Stopwatch(
        lambda lists: judge(lists, targets),
        perf_counter() + most,
        patience=2,
        target=target,
        clock=perf_counter,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        maker(name)({**told, "epochs": 200}, seed).fit(part, watch)
    return {"best": watch.best, **watch.told()}
