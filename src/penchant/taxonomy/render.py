"""The tree for people and for scripts: text, a Rich tree, a table, plain values."""

from typing import Any

import polars as pl
from rich.markup import escape
from rich.tree import Tree as RichTree

from penchant.taxonomy.tree import Node, Tree


def to_text(tree: Tree) -> str:
    """The tree as indented lines, largest first.

    Each line holds the name, its size and its keywords.
    """
    return "\n".join("  " * (node.level - 1) + line(node) for node in walk(tree))


def to_rich(tree: Tree, keywords: int = 4) -> RichTree:
    """The tree drawn with branches, for a terminal."""
    items = tree.members[0].shape[0]
    root = RichTree(f"[bold]interests[/bold] [dim]{items:,} items, {len(tree):,} nodes[/dim]")
    below: dict[str | None, RichTree] = {None: root}
    for node in walk(tree):
        more = ", ".join(node.keywords[:keywords])
        style = "bold" if node.level == 1 else "default"
        label = f"[{style}]{escape(node.name)}[/] [cyan]{size(node)}[/] [dim]{escape(more)}[/]"
        below[node.id] = below[node.parent].add(label)
    return root


def to_frame(tree: Tree) -> pl.DataFrame:
    """One row a node: id, level, name, parent, path, size, keywords, typical."""
    rows = [
        (
            n.id,
            n.level,
            n.name,
            n.parent,
            list(tree.path(n)),
            n.size,
            list(n.keywords),
            list(n.typical),
        )
        for n in walk(tree)
    ]
    words = pl.List(pl.String)
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "id": pl.String,
        "level": pl.Int32,
        "name": pl.String,
        "parent": pl.String,
        "path": words,
        "size": pl.Float64,
        "keywords": words,
        "typical": words,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def to_json(tree: Tree) -> list[dict[str, Any]]:
    """The tree as nested plain values, largest first."""
    return [branch(tree, node) for node in largest_first(tree)]


def walk(tree: Tree) -> list[Node]:
    """All nodes, each before what is below it, largest first."""
    found: list[Node] = []
    waiting = list(reversed(largest_first(tree)))
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting.extend(reversed(tree.children(node)))
    return found


def largest_first(tree: Tree) -> list[Node]:
    """The nodes of level 1, largest first."""
    return sorted(tree.nodes[0], key=lambda n: (-n.size, n.id))


def line(node: Node, keywords: int = 4) -> str:
    """One node in one line, as `nail polish (412) gel, lacquer`."""
    more = ", ".join(node.keywords[:keywords])
    return f"{node.name} ({size(node)})" + (f"  {more}" if more else "")


def size(node: Node) -> str:
    """The weighted number of items, rounded for people."""
    return f"{node.size:,.0f}" if node.size >= 10 else f"{node.size:.1f}"


def branch(tree: Tree, node: Node) -> dict[str, Any]:
    """One node as plain values, with all that is below it."""
    return {
        "id": node.id,
        "level": node.level,
        "name": node.name,
        "size": round(node.size, 3),
        "keywords": list(node.keywords),
        "typical": list(node.typical),
        "children": [branch(tree, child) for child in tree.children(node)],
    }
