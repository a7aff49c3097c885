"""The tree as a whole: what must hold whatever it grows from."""

from collections.abc import Sequence
from io import StringIO

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from sklearn.metrics import adjusted_rand_score

from penchant.errors import ConfigError, DataError, SchemaError, UnknownIdError
from penchant.taxonomy.config import NameConfig, TreeConfig
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Ints, Report

TOPICS = [
    ("garden", ("rake", "spade", "hose")),
    ("kitchen", ("kettle", "whisk", "wok")),
    ("music", ("violin", "trumpet", "drum")),
    ("office", ("stapler", "printer", "folder")),
]


def planted(each: int, seed: int = 0, noise: float = 0.25) -> tuple[Floats, pl.DataFrame, Ints]:
    """Items of four topics with three kinds each, well apart in 32 dimensions."""
    draws = np.random.default_rng(seed)
    base = np.random.default_rng(99)
    vectors, titles, labels = [], [], []
    for t, (topic, kinds) in enumerate(TOPICS):
        broad = base.normal(size=32)
        for k, kind in enumerate(kinds):
            narrow = broad + 0.8 * base.normal(size=32)
            for n in range(each):
                vectors.append(narrow + noise * draws.normal(size=32))
                titles.append(f"Acme {topic} {kind} {['red', 'blue', 'steel'][n % 3]} {n} 12oz")
                labels.append(3 * t + k)
    x = np.array(vectors, dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    items = pl.DataFrame({"item_id": [f"p{seed}-{n}" for n in range(len(x))], "title": titles})
    return x, items, np.array(labels, dtype=np.int32)


SMALL = TreeConfig(levels=2, sizes=(4, 12))


@pytest.fixture(scope="module")
def grown() -> tuple[Tree, Floats, pl.DataFrame, Ints]:
    x, items, labels = planted(20)
    return grow(x, items, SMALL, seed=3), x, items, labels


def check(tree: Tree, n: int) -> None:
    """What holds for every tree."""
    for level in range(1, tree.levels + 1):
        m = tree.membership(level)
        assert m.shape == (n, len(tree.nodes[level - 1]))
        np.testing.assert_allclose(np.asarray(m.sum(axis=1)).ravel(), 1, atol=1e-5)
        sizes = [node.size for node in tree.nodes[level - 1]]
        np.testing.assert_allclose(np.asarray(m.sum(axis=0)).ravel(), sizes, rtol=1e-4)
        assert min(sizes) > 0
        assert tree.centroids[level - 1].shape[0] == len(sizes)
        if level > 1:
            up = tree.parents(level)
            summed = np.zeros((n, len(tree.nodes[level - 2])))
            np.add.at(summed.T, up, m.toarray().T)
            np.testing.assert_allclose(summed, tree.membership(level - 1).toarray(), atol=1e-6)
            for row, node in enumerate(tree.nodes[level - 1]):
                assert node.parent == tree.nodes[level - 2][up[row]].id
    ids = [node.id for level in tree.nodes for node in level]
    assert len(set(ids)) == len(ids)
    assert all(node.name for level in tree.nodes for node in level)
    siblings = [(node.parent, node.name.casefold()) for level in tree.nodes for node in level]
    assert len(set(siblings)) == len(siblings)
    assert Tree.from_state(tree.state()).to_json() == tree.to_json()


def test_planted_groups_are_found(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, _, labels = grown
    check(tree, len(x))
    assert adjusted_rand_score(labels // 3, tree.main(1)) >= 0.9
    assert adjusted_rand_score(labels, tree.main(2)) >= 0.9


def test_noise_has_no_groups_to_find() -> None:
    """The ceiling: labels that mean nothing are not recovered."""
    draws = np.random.default_rng(0)
    x = draws.normal(size=(240, 32)).astype(np.float32)
    items = pl.DataFrame({"item_id": [str(n) for n in range(240)]})
    tree = grow(x / np.linalg.norm(x, axis=1, keepdims=True), items, SMALL)
    check(tree, 240)
    assert abs(adjusted_rand_score(np.arange(240) % 4, tree.main(1))) < 0.1


def test_names_say_what_is_inside(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, _, _, _ = grown
    kinds = {kind: topic for topic, kinds in TOPICS for kind in kinds}
    said = [node.name for node in tree.nodes[1]]
    for kind, topic in kinds.items():
        mine = [node for node in tree.nodes[1] if kind in node.name]
        assert len(mine) == 1, said
        assert topic in tree.path(mine[0])[0]
    words = {w for level in tree.nodes for n in level for w in n.name.replace(",", "").split()}
    assert not words & {"oz", "12oz", "12", "acme"}


def test_same_seed_same_tree(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, items, _ = grown
    again = grow(x, items, SMALL, seed=3)
    (arrays, plain), (arrays2, plain2) = tree.state(), again.state()
    assert plain == plain2
    assert all(np.array_equal(arrays[name], arrays2[name]) for name in arrays)


def test_state_round_trip_is_exact(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, _, _ = grown
    back = Tree.from_state(tree.state())
    assert back.nodes == tree.nodes
    assert back.items.ids.to_list() == tree.items.ids.to_list()
    for a, b in zip(tree.members, back.members, strict=True):
        assert (a != b).nnz == 0
    for a, b in zip(tree.assign(x[:9]), back.assign(x[:9]), strict=True):
        assert (a != b).nnz == 0


def test_new_items_find_their_place(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, _, _ = grown
    leaves = tree.assign(x)[-1].toarray()
    assert (leaves.argmax(axis=1) == tree.main(2)).mean() > 0.97
    alone = tree.assign(x[7:8])[-1].toarray()
    np.testing.assert_allclose(alone[0], leaves[7], atol=1e-5)
    new, more, labels = planted(3, seed=5)
    longer = tree.extended(tree.assign(new), more["item_id"].to_list())
    assert longer.membership(1).shape[0] == len(x) + len(new)
    assert adjusted_rand_score(labels, longer.main(2)[len(x) :]) >= 0.9
    assert len(longer.items) == len(x) + len(new)
    zero = tree.assign(np.zeros((2, 32), dtype=np.float32))
    assert all(np.allclose(np.asarray(m.sum(axis=1)).ravel(), 1) for m in zero)
    with pytest.raises(DataError, match="expected \\[N × 32\\]"):
        tree.assign(np.zeros((2, 5), dtype=np.float32))
    with pytest.raises(DataError, match="the tree has 12"):
        tree.extended([tree.membership(1), tree.membership(1)])


def test_ids_stay_when_items_are_added(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, items, _ = grown
    new, more, _ = planted(1, seed=8)
    both = np.vstack([x, new])
    shuffled = np.random.default_rng(1).permutation(len(both))
    table = pl.concat([items, more])[shuffled]
    later = grow(both[shuffled], table, SMALL, previous=tree, seed=77)
    check(later, len(both))
    ids = {node.id for level in tree.nodes for node in level}
    kept = {node.id for level in later.nodes for node in level} & ids
    assert len(kept) >= 0.95 * len(ids)
    for id_ in kept:  # the id went along with the members
        old, now = tree.find(id_), later.find(id_)
        a = {tree.items[row] for row in tree.items_of(old.id)}
        b = {later.items[row] for row in later.items_of(now.id)}
        assert len(a & b) >= 0.5 * len(a | b)


def test_ids_are_never_used_again(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, x, items, labels = grown
    first = {node.id for level in tree.nodes for node in level}
    half = np.flatnonzero(labels < 6)
    smaller = grow(x[half], items[half], SMALL.but(sizes=(2, 6)), previous=tree, seed=3)
    gone = first - {node.id for level in smaller.nodes for node in level}
    assert gone and gone <= set(smaller.retired)
    back = grow(x, items, SMALL, previous=smaller, seed=3)
    assert not gone & {node.id for level in back.nodes for node in level}
    assert gone <= set(Tree.from_state(back.state()).retired)


@pytest.mark.parametrize("n", [1, 2, 5, 13])
@pytest.mark.parametrize("kind", ["same", "random", "nothing", "untitled"])
def test_tiny_catalogues(n: int, kind: str) -> None:
    x = np.random.default_rng(n).normal(size=(n, 8)).astype(np.float32)
    x = np.ones_like(x) if kind == "same" else np.zeros_like(x) if kind == "nothing" else x
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)
    items = pl.DataFrame({"item_id": [str(k) for k in range(n)]})
    if kind != "untitled":
        items = items.with_columns(title=pl.lit("thing"))
    for config in (TreeConfig(), TreeConfig(levels=1), TreeConfig(levels=5), SMALL):
        report = Report()
        check(grow(x, items, config, report=report), n)
        assert bool(report.findings) == (kind == "nothing")


def test_items_of_which_nothing_is_known_are_counted() -> None:
    x, items, _ = planted(10)
    x[:7] = 0
    report = Report()
    tree = grow(x, items, SMALL, report=report)
    check(tree, len(x))
    node = tree.find("(no text)")
    assert tree.items_of(node.id).tolist() == list(range(7))
    assert report.count("items without text or behaviour, put under (no text)") == 7
    where = tree.assign(np.zeros((1, 32), dtype=np.float32))[0].toarray()[0]
    assert where[tree.row(node.id)[1]] == 1


def test_behaviour_places_what_text_does_not() -> None:
    x, items, labels = planted(15)
    draws = np.random.default_rng(2)
    blur = draws.normal(size=x.shape).astype(np.float32)
    blur /= np.linalg.norm(blur, axis=1, keepdims=True)
    blur[:5] = 0  # no text at all
    kwargs = {"behaviour": x, "seed": 1}
    blended = grow(blur, items, SMALL.but(behaviour=0.9), **kwargs)
    check(blended, len(x))
    alone = grow(blur, items, SMALL, seed=1)
    good = adjusted_rand_score(labels, blended.main(2))
    assert good > 0.8 > adjusted_rand_score(labels, alone.main(2)) + 0.3
    assert all("(no text)" not in node.name for node in blended.nodes[0])


def test_pca_keeps_the_groups() -> None:
    x, items, labels = planted(15)
    tree = grow(x, items, SMALL.but(pca=8))
    check(tree, len(x))
    assert adjusted_rand_score(labels, tree.main(2)) >= 0.9


BROAD = TreeConfig(levels=2, sizes=(2, 4), temperature=0.3)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"leaves_per_item": 1}, lambda t: t.membership(2).nnz),
        ({"temperature": 0.01}, lambda t: t.membership(2).nnz),
        ({"least": 0.4}, lambda t: t.membership(2).nnz),
        ({"name": NameConfig(typical=2)}, lambda t: len(t.nodes[0][0].typical)),
        ({"name": NameConfig(keywords=1)}, lambda t: len(t.nodes[0][0].keywords)),
        ({"name": NameConfig(phrases=1)}, lambda t: [n.name for n in t.nodes[0]]),
        ({"name": NameConfig(coverage=1)}, lambda t: [n.name for n in t.nodes[1]]),
        ({"name": NameConfig(sample=40)}, lambda t: [n.keywords for n in t.nodes[1]]),
        ({"sizes": (3, 9)}, lambda t: len(t)),
        ({"sizes": None, "smallest": 60}, lambda t: len(t)),
        ({"levels": 1, "sizes": (4,)}, lambda t: t.levels),
    ],
)
def test_settings_change_something(change: dict[str, object], differs: object) -> None:
    x, items, _ = planted(12, noise=0.6)
    some = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("Thing")).otherwise("title")
    items = items.with_columns(title=some)
    a, b = grow(x, items, BROAD), grow(x, items, BROAD.but(**change))
    check(b, len(x))
    assert differs(a) != differs(b)  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [{"sizes": (3,)}, {"sizes": (9, 3, 20)}, {"sizes": (0, 1, 2)}])
def test_sizes_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="sizes"):
        TreeConfig(**wrong)


def test_nodes_are_found_by_id_name_and_path(
    grown: tuple[Tree, Floats, pl.DataFrame, Ints],
) -> None:
    tree, _, _, _ = grown
    node = tree.nodes[1][5]
    assert tree.find(node.id) == node
    assert tree.find(" > ".join(tree.path(node)).upper()) == node
    assert tree.row(node.id) == (2, 5)
    assert tree.find(tree.nodes[0][0].name) == tree.nodes[0][0]
    with pytest.raises(UnknownIdError, match="Did you mean"):
        tree.find(node.id + "x")
    with pytest.raises(UnknownIdError):
        tree.row("nowhere")
    with pytest.raises(UnknownIdError, match="levels 1 to 2"):
        tree.membership(3)
    other = tree.renamed({node.id: "Things that cut"})
    assert other.find("things that cut").id == node.id


def test_the_tree_can_be_read(grown: tuple[Tree, Floats, pl.DataFrame, Ints]) -> None:
    tree, _, _, _ = grown
    console = Console(width=200, record=True, file=StringIO())
    console.print(tree)
    drawn, text = console.export_text(), str(tree)
    for node in (n for level in tree.nodes for n in level):
        assert node.name in drawn and node.name in text
    frame = tree.to_frame()
    assert len(frame) == len(tree) == 16
    assert sum(len(top["children"]) for top in tree.to_json()) == 12


def words_of(trees: Sequence[Tree]) -> list[str]:
    return [node.name for tree in trees for level in tree.nodes for node in level]


def test_other_languages_and_short_titles_get_names() -> None:
    x, items, labels = planted(8)
    french = ["la brosse à cheveux", "le rouge à lèvres", "eau de parfum", "crème de nuit"]
    titles = [f"{french[label // 3]} n° {n}" for n, label in enumerate(labels)]
    tree = grow(x, items.with_columns(title=pl.Series(titles)), TreeConfig(levels=1, sizes=(4,)))
    names = words_of([tree])
    assert any("eau de parfum" in name for name in names)
    assert any("crème de nuit" in name for name in names)
    assert not any(name in ("la", "le", "de") for name in names)
    solo = items.with_columns(title=pl.Series([f"Zq{n}x" for n in range(len(items))]))
    assert all(name.startswith("like Zq") for name in words_of([grow(x, solo, SMALL)]))
    chinese = pl.Series(
        [["园艺工具", "厨房用品", "音乐乐器", "办公文具"][label // 3] for label in labels]
    )
    told = grow(x, items.with_columns(title=chinese), TreeConfig(levels=1, sizes=(4,)))
    assert {name[0] for name in words_of([told])} <= set("园艺工具厨房用品音乐乐器办公文")


@pytest.mark.parametrize(
    ("broken", "error", "says"),
    [
        (lambda x, i: (x, i.drop("item_id")), SchemaError, "item_id"),
        (lambda x, i: (x[:0], i[:0]), DataError, "none came"),
        (lambda x, i: (x[:-1], i), DataError, "rows came for"),
        (lambda x, i: (x * np.nan, i), DataError, "finite"),
        (lambda x, i: (x[:, 0], i), DataError, "shape"),
        (lambda x, i: (x, i.with_columns(item_id=pl.lit("a"))), DataError, "unique"),
    ],
)
def test_bad_input_is_explained(broken: object, error: type[Exception], says: str) -> None:
    x, items, _ = planted(2)
    with pytest.raises(error, match=says):
        grow(*broken(x, items))  # type: ignore[operator]
