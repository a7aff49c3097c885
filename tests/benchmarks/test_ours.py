"""The benchmark's figures of our own models are those of `penchant evaluate`."""

from pathlib import Path

import pytest
from benchmarks.quality.lists import Lists, slug
from benchmarks.quality.measure import summary, values
from benchmarks.quality.ours import Ours
from benchmarks.quality.parts import export

from penchant import Engine, EngineConfig, SplitConfig, WorldConfig, make_world

QUICK = EngineConfig().but(
    **{"encode.kind": "hashed", "interests.dynamic.epochs": 1, "interests.dynamic.dims": 16}
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    made = make_world(WorldConfig.small(users=60, events=2_000))
    made.events.write_parquet(folder / "events.parquet")
    made.items.write_parquet(folder / "items.parquet")
    return folder


@pytest.mark.parametrize("split", ["time", "last"])
def test_figures_are_those_of_evaluate(world: Path, tmp_path: Path, split: str) -> None:
    export(world, split, tmp_path, QUICK)
    found = Ours(QUICK, world, split, tmp_path / "test", tmp_path)
    told = found.penchant() | found.baselines()
    layers = told["Penchant"]["layers"]
    assert set(layers["alone"]) == {"base", "context", "dynamic", "popularity"}
    whole = values(Lists.load(tmp_path / "Penchant~0.npz"), tmp_path / "test")["all"]["ndcg@10"]
    lead = whole.mean() - max(layers["alone"].values())
    assert layers["difference"] == pytest.approx(lead, abs=1e-9)
    assert layers["alone"][layers["best"]] == max(layers["alone"].values())
    engine = Engine(config=QUICK.but(**{"evaluate.tuning.kind": split}))
    engine.add(world)
    asked = SplitConfig(kind=split)
    evaluation = engine.evaluate(split=asked)
    for scorer in ("penchant", "popularity", "recent popularity", "item kNN"):
        name = "Penchant" if scorer == "penchant" else f"baseline {scorer}"
        assert {"seconds", "peak_mib", "versions"} <= set(told[name])
        lists = Lists.load(tmp_path / f"{slug(name)}~0.npz")
        figures = summary(lists, tmp_path / "test", seed=0)["figures"]["all"]
        for metric in ("ndcg@10", "recall@20", "mrr@10"):
            value = evaluation.value(metric, None if scorer == "penchant" else scorer)
            assert figures[metric]["value"] == pytest.approx(value, abs=2e-4), (scorer, metric)


def test_another_part_is_refused(world: Path, tmp_path: Path) -> None:
    export(world, "time", tmp_path, QUICK)
    with pytest.raises(ValueError, match="remove the folder"):
        Ours(QUICK, world, "last", tmp_path / "test", tmp_path)
