"""Trees that the catalogue gives: ragged, missing, repeated, shouted, many-valued."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from penchant.errors import SchemaError
from penchant.taxonomy.config import TreeConfig
from penchant.taxonomy.given import find_paths, read_paths, tidy
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Report

EACH = TreeConfig(smallest=1)


def noise(n: int, width: int = 8) -> Floats:
    x = np.random.default_rng(n).normal(size=(n, width)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)  # type: ignore[no-any-return]


def shop(paths: list[list[str | None] | None], column: str = "category") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_id": [f"i{n}" for n in range(len(paths))],
            "title": [f"thing {n}" for n in range(len(paths))],
            column: pl.Series(paths, dtype=pl.List(pl.String)),
        }
    )


def paths_of(tree: Tree, level: int | None = None) -> list[tuple[str, ...]]:
    nodes = tree.nodes[(level or tree.levels) - 1]
    return sorted(tree.path(node) for node in nodes)


def check(tree: Tree, n: int) -> None:
    for level in range(1, tree.levels + 1):
        m = tree.membership(level)
        np.testing.assert_allclose(np.asarray(m.sum(axis=1)).ravel(), 1, atol=1e-5)
        assert m.shape == (n, len(tree.nodes[level - 1]))
        siblings = [(node.parent, node.name.casefold()) for node in tree.nodes[level - 1]]
        assert len(set(siblings)) == len(siblings)
        assert min(node.size for node in tree.nodes[level - 1]) > 0


def test_paths_become_levels_and_constant_ones_are_left_out() -> None:
    items = shop(
        [
            ["Beauty", "Hair", "Care", "Shampoo"],
            ["Beauty", "Hair", "Care", "Masks"],
            ["Beauty", "Hair", "Tools"],
            ["Beauty", "Skin", "Care", "Masks"],
            ["Beauty", "Skin"],
        ]
    )
    tree = grow(noise(5), items, EACH.but(kind="given"))
    check(tree, 5)
    assert paths_of(tree) == [
        ("Hair", "Care", "Masks"),
        ("Hair", "Care", "Shampoo"),
        ("Hair", "Tools", "Tools"),
        ("Skin", "Care", "Masks"),
        ("Skin", "other Skin", "other Skin"),
    ]
    assert tree.find("Hair > Care > Masks") != tree.find("Skin > Care > Masks")
    assert tree.items_of(tree.find("Hair").id).tolist() == [0, 1, 2]


def test_rare_categories_are_merged_and_counted() -> None:
    items = shop([["A", "x"]] * 9 + [["A", "y"]] + [["A", "z"]] + [["B", "w"]] * 6)
    report = Report()
    tree = grow(noise(17), items, TreeConfig(levels=2, smallest=3), report=report)
    check(tree, 17)
    assert paths_of(tree) == [("A", "other A"), ("A", "x"), ("B", "w")]
    assert report.count("rare categories of level 2 merged") == 2


def test_missing_categories_are_placed_by_vectors_or_set_apart() -> None:
    x = np.repeat(np.eye(2, 8, dtype=np.float32), 10, axis=0)
    x[19] = 0
    paths: list[list[str | None] | None] = [["A", "a"]] * 8 + [None, []] + [["B", "b"]] * 8
    items = shop([*paths, [None, " "], None])
    report = Report()
    tree = grow(x, items, EACH.but(kind="given", levels=2), report=report)
    check(tree, 20)
    assert {8, 9} <= set(tree.items_of(tree.find("A").id).tolist())
    assert 18 in tree.items_of(tree.find("B").id)
    assert tree.items_of(tree.find("(uncategorised)").id).tolist() == [19]
    assert report.count("items without category") == 4
    assert report.count("items without category placed by their vectors") == 3
    assert report.count("items without category, text or behaviour, put under (uncategorised)") == 1


def test_a_category_places_what_has_no_text() -> None:
    x = noise(12)
    x[:2] = 0
    report = Report()
    tree = grow(x, shop([["A"]] * 6 + [["B"]] * 6), TreeConfig(levels=2), report=report)
    check(tree, 12)
    assert {0, 1} <= set(tree.items_of(tree.find("A").id).tolist())
    assert report.count("items without text or behaviour placed by category alone") == 2


def test_given_on_top_learned_below() -> None:
    draws = np.random.default_rng(0)
    kinds = np.repeat(np.arange(4), 15)
    x = np.eye(4, 16, dtype=np.float32)[kinds] + 0.1 * draws.normal(size=(60, 16))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    items = shop([["Indoor" if k < 2 else "Outdoor"] for k in kinds])
    tree = grow(x, items, TreeConfig(levels=2, sizes=(2, 4)))
    check(tree, 60)
    assert sorted(n.name for n in tree.nodes[0]) == ["Indoor", "Outdoor"]
    assert [len(tree.children(n)) for n in tree.nodes[0]] == [2, 2]
    for k in range(4):
        assert len(set(tree.main(2)[kinds == k].tolist())) == 1
    top = tree.main(1)
    assert len(set(top[kinds < 2].tolist())) == 1  # the catalogue's word stands


def test_several_genres_share_an_item() -> None:
    items = shop([["Drama", "War"]] * 6 + [["Drama"]] * 6 + [["War"]] * 6, "genres")
    tree = grow(noise(18), items, TreeConfig(levels=2))
    check(tree, 18)
    m = tree.membership(1).toarray()
    drama, war = (tree.row(tree.find(name).id)[1] for name in ("Drama", "War"))
    np.testing.assert_allclose(m[0, [drama, war]], 0.5)
    np.testing.assert_allclose(m[7, [drama, war]], [1, 0])


def test_texts_are_taken_apart() -> None:
    items = pl.DataFrame(
        {"item_id": ["a", "b"], "category": ["X > Y", "X>  Z"], "genres": ["p|q", "q"]}
    )
    assert read_paths(items, "category").table["path"].to_list() == [["Y"], ["Z"]]
    assert sorted(read_paths(items, "genres").table["path"].to_list()) == [["p"], ["q"], ["q"]]


def test_auto_builds_on_what_describes_enough() -> None:
    many = shop([[f"v{n}"] for n in range(40)])
    assert find_paths(many, TreeConfig()) is None  # every item another value
    sparse_column = shop([["A"], ["B"], *[None] * 8])
    assert find_paths(sparse_column, TreeConfig()) is None
    assert find_paths(sparse_column, TreeConfig(useful=0.1)) is not None
    two = shop([["A"], ["B"]] * 10)
    assert find_paths(two, TreeConfig(broadest=2)) is not None
    assert find_paths(two, TreeConfig(kind="learned")) is None
    assert find_paths(shop([["A"]] * 9), TreeConfig()) is None
    named = two.rename({"category": "shelf"})
    assert find_paths(named, TreeConfig()) is None
    assert find_paths(named, TreeConfig(column="shelf")) is not None
    with pytest.raises(SchemaError, match="Did you mean 'shelf'"):
        find_paths(named, TreeConfig(column="shelff"))
    with pytest.raises(SchemaError, match="kind='given' needs"):
        find_paths(named, TreeConfig(kind="given"))


def test_shouting_is_calmed_and_other_case_left_alone() -> None:
    assert tidy(["SOFT DRINKS", "other SOFT DRINKS"]) == ["Soft drinks", "other soft drinks"]
    assert tidy(["TV", "Makeup", "Hair Care"]) == ["TV", "Makeup", "Hair Care"]
    assert tidy([]) == []


def test_given_ids_follow_the_path() -> None:
    items = shop([["A", "x"]] * 6 + [["A", "y"]] * 6 + [["B", "z"]] * 6)
    config = TreeConfig(levels=2)
    tree = grow(noise(18), items, config)
    moved = shop([["B", "z"]] * 6 + [["A", "x"]] * 6 + [["C", "n"]] * 6)
    later = grow(noise(18), moved, config, previous=tree)
    for name in ("A", "B", "A > x", "B > z"):
        assert later.find(name).id == tree.find(name).id
    old = {node.id for level in tree.nodes for node in level}
    assert later.find("C").id not in old


words = st.sampled_from(["a", "b", "other", "other a", " ", "ü", "SHOUT", "x > y"])
ragged = st.lists(
    st.one_of(st.none(), st.lists(st.one_of(st.none(), words), max_size=5)), min_size=1, max_size=25
)


@settings(max_examples=60, deadline=None)
@over(ragged, st.integers(1, 4), st.integers(1, 6), st.booleans())
def test_any_paths_make_a_tree(
    paths: list[list[str | None] | None], levels: int, smallest: int, blank: bool
) -> None:
    x = noise(len(paths)) * (0 if blank else 1)
    config = TreeConfig(levels=levels, smallest=smallest, useful=0.01)
    tree = grow(x, shop(paths), config)
    check(tree, len(paths))
    assert tree.levels == levels
    assert Tree.from_state(tree.state()).to_json() == tree.to_json()
    assert grow(x, shop(paths), config).state()[1] == tree.state()[1]


@settings(max_examples=30, deadline=None)
@over(ragged)
def test_any_genres_make_a_tree(paths: list[list[str | None] | None]) -> None:
    tree = grow(noise(len(paths)), shop(paths, "genres"), TreeConfig(useful=0.01, smallest=1))
    check(tree, len(paths))
    for level in range(2, tree.levels + 1):
        up = tree.parents(level)
        for row in range(len(tree.nodes[level - 2])):
            below = tree.membership(level)[:, np.flatnonzero(up == row)].sum(axis=1)
            above = tree.membership(level - 1)[:, [row]].toarray().ravel()
            np.testing.assert_allclose(np.asarray(below).ravel(), above, atol=1e-6)
