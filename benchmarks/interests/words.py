"""Do people's own words tell their interests? On a set whose events hold what people wrote.

    python -m benchmarks.interests.words            # stackexchange

The newest fifth of the log is set aside. A model is learned from the rest; then each text that
somebody wrote in that fifth is read as if nothing else were known of them, and what it says of
interests is compared with the next thing that they turned to, on something else: by what is usual
alone, with κ learned from items' texts, and with κ learned from people's own words (see
`penchant.interests.reading`). Data are found through PENCHANT_DATA; one result file a set under
benchmarks/interests/results/promises.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.interests.promises import RESULTS, told
from benchmarks.where import data

from penchant import Engine, EngineConfig
from penchant.clock import micros, now
from penchant.data import columns as c
from penchant.data.histories import histories
from penchant.data.vocabulary import Vocabulary
from penchant.encode.once import encode_texts
from penchant.engine.prepared import Prepared
from penchant.evaluate.interests import calibration_error, log_loss
from penchant.evaluate.significance import bootstrap
from penchant.interests.model import InterestModel, softmax
from penchant.interests.reading import Reading
from penchant.types import Progress, Report

SETS = ("stackexchange",)
CHANGES = {"interests.layers": ["base", "popularity"]}
"""Words are read beside what is usual; no other layer takes part."""
SHARE = 0.2
"""How much of the log is set aside, the newest part."""


def measured(name: str, progress: Progress) -> dict[str, Any]:
    """Log loss and calibration error of each way on each level."""
    config = EngineConfig().but(**CHANGES)
    everything = Engine(config=config)
    everything.add(data() / name)
    ready = Prepared.of(everything.tables, config, now)
    cut = ready.events[c.TIME].quantile(1.0 - SHARE, "nearest")
    engine = Engine(config=config, progress=progress)
    engine.add(events=ready.events.filter(pl.col(c.TIME) < cut), items=ready.items)
    engine.fit()
    model = engine.model
    said, after, at = _asked(ready, model.catalogue.items, micros(cut), config)
    items_alone = Reading().fit(engine.data.log, model.catalogue.text, model.usual)
    ways = {
        "what is usual": replace_kappa(items_alone, 0.0),
        "κ from items' texts": items_alone,
        "κ from people's own words": model.reading,
    }
    return {
        "set": name, "asked": len(after), "learned_words": model.reading.words_,
        "changes": CHANGES,
        "figures": [
            {"way": way, "kappa": reading.kappa_} | row
            for way, reading in ways.items()
            for row in _figures(model, reading, said, after, at)
        ],
    }  # fmt: skip


def replace_kappa(reading: Reading, kappa: float) -> Reading:
    """The same reading with another κ."""
    made = Reading().restore(reading.state())
    made.kappa_ = kappa
    return made


def _asked(ready: Prepared, items: Vocabulary, cut: int, config: EngineConfig) -> Any:
    """Vectors of what was written from the cut on [Q × D], the items that came next and when."""
    events = ready.events.filter(pl.col(c.ITEM).is_in(items.ids.implode()))
    log = histories(events, items, config.events)
    rows = np.flatnonzero(log.positive)
    after = np.roll(rows, -1)
    next_one = (log.user[rows] == log.user[after]) & (log.item[rows] != log.item[after])
    words = events[c.TEXT].fill_null("").str.strip_chars()
    there = (words != "").to_numpy()[log.source[rows]]
    some = next_one & (after > rows) & there & (log.time[rows] >= cut)
    rows, after = rows[some], after[some]
    said = encode_texts(words.gather(log.source[rows]), config.encode, report=Report())
    return said, log.item[after], log.time[after]


def _figures(
    model: InterestModel, reading: Reading, said: Any, after: Any, at: Any
) -> list[dict[str, Any]]:
    tree, text = model.catalogue.tree, model.catalogue.text
    p = softmax(reading.score(said, text, model.usual(at)))
    found = []
    for level in tree.numbers:
        members = tree.membership(level)
        P = np.asarray(p @ members, np.float64)
        T = np.asarray(members[after].toarray(), np.float64)
        (loss,) = bootstrap(log_loss(P, T)[:, None], seed=0)
        found.append(
            {
                "level": level, "nodes": P.shape[1], "log_loss": loss.value, "low": loss.low,
                "high": loss.high, "calibration_error": calibration_error(P, T),
            }
        )  # fmt: skip
    return found


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    lines = Lines(Console(stderr=True, width=100))
    for name in asked.sets:
        found = told("words") | measured(name, lines)
        path = asked.results / f"words-{name}.json"
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        for row in found["figures"]:
            print(
                f"{name}, {row['way']}, level {row['level']}: {row['log_loss']:.4f}, "
                f"error {row['calibration_error']:.3f}"
            )


if __name__ == "__main__":
    main()
