"""One idea a file, one step a function; and nothing that has no place in a library."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

SOURCE = Path(__file__).parents[2] / "src" / "penchant"
MOST_LINES = 450
LONGEST_BODY = 60
MOST_PARAMETERS = 8

# The flags of a command are its parameters; `add` takes every kind of table by its name, `grow` one
# table and all that may be known of its rows.
WIDE = {"engine/engine.py:add", "taxonomy/grow.py:grow"}

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def trees() -> Iterator[tuple[str, ast.Module, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield str(path.relative_to(SOURCE)), ast.parse(text), text


def functions() -> Iterator[tuple[str, Function]]:
    for name, tree, _ in trees():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield name, node


def body_lines(node: Function) -> int:
    """Lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(node: Function) -> int:
    a = node.args
    names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len([n for n in names if n not in {"self", "cls"}])


def test_files_are_short() -> None:
    long = {name: lines for name, _, text in trees() if (lines := text.count("\n")) > MOST_LINES}
    assert not long


def test_functions_are_short() -> None:
    long = {f"{n}:{f.name}": body_lines(f) for n, f in functions() if body_lines(f) > LONGEST_BODY}
    assert not long


def test_functions_are_mostly_a_few_lines() -> None:
    lengths = sorted(body_lines(f) for _, f in functions())
    assert lengths[len(lengths) // 2] <= 8
    assert lengths[len(lengths) * 95 // 100] <= 35


def test_signatures_are_narrow() -> None:
    wide = {
        f"{name}:{f.name}": parameters(f)
        for name, f in functions()
        if parameters(f) > MOST_PARAMETERS and not name.startswith("cli/")
    }
    assert set(wide) <= WIDE, wide


def public(name: str, tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions and classes, and methods of classes, whose names do not start with `_`."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{name}:{node.name}", node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{name}:{node.name}.{inner.name}", inner


def test_everything_public_says_what_it_is() -> None:
    silent = [
        where
        for name, tree, _ in trees()
        for where, node in [(name, tree), *public(name, tree)]
        if ast.get_docstring(node) is None
    ]
    assert not silent


def test_nothing_prints_and_nothing_is_pickled() -> None:
    banned = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    found = []
    for name, tree, _ in trees():
        for node in ast.walk(tree):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{name}: imports {m}" for m in modules if m.split(".")[0] in banned]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found += [f"{name}:{node.lineno}: {node.func.id}()"] * (
                    node.func.id in {"print", "eval", "exec"}
                )
    assert not found


def test_nothing_heavy_is_imported_at_the_top_outside_lazy_files() -> None:
    """Torch and the like are imported in functions, or in files that only functions import."""
    heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "model2vec", "ray"}
    tops = {}
    for name, tree, _ in trees():
        for node in tree.body:
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            tops.setdefault(name, set()).update(modules)
    module = {name: "penchant." + name.removesuffix(".py").replace("/", ".") for name in tops}
    lazy = {module[n] for n, found in tops.items() if {m.split(".")[0] for m in found} & heavy}
    growing = True
    while growing:  # who imports a lazy file at the top is lazy too
        more = {module[n] for n, found in tops.items() if found & lazy} - lazy
        lazy, growing = lazy | more, bool(more)
    front = {"penchant.engine.engine", "penchant.interests.model", "penchant.cli.main"}
    assert not lazy & front
