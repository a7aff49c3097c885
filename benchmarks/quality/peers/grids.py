"""What is tried for each peer, best public settings first, one change at a time behind them."""

from collections.abc import Callable
from typing import Any

Settings = dict[str, Any]

# blondered/transformer_benchmark, configs/paper/loo: 1 block, 1 head, dropout 0.2, length 50,
# 256 negatives, at most 200 epochs, 256 factors (its README says 64).
_PUBLIC: Settings = {
    "n_blocks": 1, "n_heads": 1, "n_factors": 64, "dropout_rate": 0.2, "session_max_len": 50,
    "loss": "sampled_softmax", "n_negatives": 256, "batch_size": 128, "lr": 0.001,
}  # fmt: skip


def _but(base: Settings, *changes: Settings) -> list[Settings]:
    return [base, *({**base, **change} for change in changes)]


_CHANGES: tuple[Settings, ...] = (
    {"n_factors": 128, "dropout_rate": 0.5},
    {"n_factors": 256},
    {"dropout_rate": 0.5},
    {"n_blocks": 2, "n_heads": 2},
    {"lr": 0.0003},
    {"session_max_len": 100},
    {"lr": 0.003},
)

GRIDS: dict[str, list[Settings]] = {
    "popularity": [{"popularity": "n_users"}, {"popularity": "n_interactions"}],
    "recent popularity": [
        {"popularity": kind, "days": days}
        for days in (30, 7, 1, 90, 3, 180, 365, 14)
        for kind in ("n_users",)
    ],
    "item kNN": [
        {"kind": "tfidf", "K": 100},
        *(
            {"kind": "bm25", "K": k, "K1": 1.2, "B": b}
            for k, b in ((100, 0.25), (100, 0.75), (500, 0.25), (500, 0.0), (500, 0.75))
        ),
        {"kind": "cosine", "K": 100},
        {"kind": "tfidf", "K": 500},
        {"kind": "cosine", "K": 500},
        {"kind": "bm25", "K": 500, "K1": 100.0, "B": 0.25},
        {"kind": "bm25", "K": 500, "K1": 100.0, "B": 0.75},
        {"kind": "tfidf", "K": 2000},
        {"kind": "tfidf", "K": 20},
        {"kind": "tfidf", "K": 100, "binary": False},
        {"kind": "bm25", "K": 500, "K1": 1.2, "B": 0.25, "binary": False},
    ],
    "ALS": _but(
        {"factors": 128, "regularization": 0.01, "alpha": 10.0, "iterations": 15},
        {"alpha": 1.0},
        {"alpha": 40.0},
        {"factors": 256},
        {"factors": 64},
        {"regularization": 1.0},
        {"factors": 256, "regularization": 1.0},
        {"factors": 256, "regularization": 10.0, "alpha": 10.0},
        {"factors": 128, "alpha": 3.0},
        {"factors": 128, "alpha": 10.0, "binary": False},
    ),
    "BPR": _but(
        {"factors": 128, "learning_rate": 0.05, "regularization": 0.01, "iterations": 200},
        {"learning_rate": 0.02},
        {"regularization": 0.001},
        {"regularization": 0.03},
        {"factors": 256},
        {"factors": 64},
        {"iterations": 500},
        {"iterations": 60},
        {"learning_rate": 0.02, "iterations": 500},
    ),
    "EASE": [
        {"regularization": float(p), "binary": True} for p in (100, 300, 1000, 50, 500, 20, 200)
    ],
    "SASRec": _but(_PUBLIC, *_CHANGES),
    "eSASRec": _but({**_PUBLIC, "use_key_padding_mask": True}, *_CHANGES),
    "HSTU": _but({**_PUBLIC, "logits_t": 0.05}, {"logits_t": 0.1}, *_CHANGES),
    "BERT4Rec": _but({**_PUBLIC, "mask_prob": 0.3}, {"mask_prob": 0.6}, *_CHANGES),
}
"""Peer → settings in the order in which they are tried."""

SEEDED = ("ALS", "BPR", "SASRec", "eSASRec", "HSTU", "BERT4Rec")
"""Peers that draw: the others give the same lists for every seed."""


def maker(name: str) -> Callable[..., Any]:
    """The class behind a peer's name; its package loads only now."""
    if name in ("item kNN", "ALS", "BPR"):
        from benchmarks.quality.peers import neighbours

        kinds = {
            "item kNN": neighbours.Neighbours, "ALS": neighbours.ALS, "BPR": neighbours.BPR,
        }  # fmt: skip
        return kinds[name]
    if name in ("popularity", "recent popularity", "EASE"):
        from benchmarks.quality.peers import simple

        return simple.EASE if name == "EASE" else simple.Popular
    from benchmarks.quality.peers import sequential

    found: Callable[..., Any] = getattr(sequential, {"eSASRec": "ESASRec"}.get(name, name))
    return found
