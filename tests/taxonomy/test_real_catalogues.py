"""Category columns as shops have them, on the data that PENCHANT_DATA points to."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.taxonomy.config import TreeConfig
from penchant.taxonomy.grow import grow
from penchant.types import Report

DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "../shared/data"))


@pytest.mark.parametrize(
    ("name", "tops", "path"),
    [
        ("xwines", 6, "Red > France > Margaux"),
        ("amazon-beauty", 6, "Makeup > Nails > Nail Polish"),
        ("grocery", 16, "Grocery > Bag snacks > Potato chips"),
        ("movietweetings", 20, "Drama"),
    ],
)
def test_trees_of_real_catalogues(name: str, tops: int, path: str) -> None:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not at PENCHANT_DATA ({DATA})")
    items = pl.read_parquet(DATA / name / "items.parquet")
    x = np.random.default_rng(0).normal(size=(len(items), 8)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    report = Report()
    tree = grow(x, items, TreeConfig(), report=report)
    assert tops <= len(tree.nodes[0]) <= tops + 8
    assert tree.path(tree.find(path))[0] == path.split(" > ")[0]
    assert len(tree.nodes[0]) < len(tree.nodes[1]) < len(tree.nodes[2]) < len(items) / 4
    loud = [n.name for level in tree.nodes for n in level if n.name.isupper() and len(n.name) > 4]
    assert len(loud) < 5
    assert report.findings
