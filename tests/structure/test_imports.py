"""The tree is the architecture: imports point one way, and the front door opens fast."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "penchant"

# From top to bottom as the data moves. A part may import what stands above it, and itself.
# Why `train` stands above `interests`: docs/decisions/0001-order-of-packages.md.
ORDER = [
    "types", "errors", "config", "clock", "random", "memory", "cores",
    "data", "encode", "llm", "taxonomy", "train", "interests", "recommend", "evaluate",
    "store", "stream", "privacy", "parallel", "plots",
    "engine", "client", "serve", "cli", "testing",
]  # fmt: skip
ANYWHERE = {"__version__"}  # what may be imported from the root


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def part(path: Path) -> str:
    """The part of the project that a file belongs to; empty for the root itself."""
    first = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def module(path: Path) -> str:
    inside = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run, inside functions too; imports for types alone do not count."""
    yield node
    inside = node.orelse if for_types_only(node) else ast.iter_child_nodes(node)
    for child in inside:
        yield from walk(child)


def imported(tree: ast.AST) -> Iterator[tuple[str, list[str], int]]:
    """Each import of this package: module, names, line."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "penchant":
                    yield alias.name, [], node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import; write it out"
            if node.module is not None and node.module.split(".")[0] == "penchant":
                yield node.module, [alias.name for alias in node.names], node.lineno


def wanted(name: str, names: list[str]) -> list[str]:
    """Parts that an import reaches for."""
    inside = name.split(".")[1:]
    return inside[:1] if inside else [n for n in names if n not in ANYWHERE]


def wrong_way(path: Path, tree: ast.AST) -> list[str]:
    """Imports of a file that point down, or at a part that has no place."""
    here = part(path)
    return [
        f"{path.relative_to(SOURCE)}:{line}: {here} imports {other}, which stands below it"
        for name, names, line in imported(tree)
        for other in wanted(name, names)
        if here != "testing" and (other not in ORDER or ORDER.index(other) > ORDER.index(here))
    ]


def test_every_part_has_a_place() -> None:
    assert {part(path) for path in files()} - {""} <= set(ORDER)


def test_imports_point_upwards() -> None:
    found = [
        line
        for path in files()
        if part(path)
        for line in wrong_way(path, ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("data/read.py", "from penchant.encode.text import x"),
        ("train/loop.py", "from penchant.interests.layer import Layer"),
        ("errors.py", "import penchant.config"),
        ("engine/engine.py", "def f():\n    from penchant.cli.main import main"),
        ("store/models.py", "from penchant import Engine"),
    ],
)
def test_an_import_that_points_down_is_caught(where: str, line: str) -> None:
    assert wrong_way(SOURCE / where, ast.parse(line))


def test_imports_upwards_and_for_types_pass() -> None:
    good = "from penchant.data.read import read\nfrom penchant import __version__\n"
    types = "if TYPE_CHECKING:\n    from penchant.engine import Engine\n"
    assert not wrong_way(SOURCE / "store/models.py", ast.parse(good + types))


def test_files_load_each_other_in_no_circle() -> None:
    known = {module(path) for path in files()}
    uses: dict[str, set[str]] = {}
    for path in files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = {
            f"{name}.{n}" if f"{name}.{n}" in known else name
            for statement in tree.body
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
            for name, names, _ in imported(statement)
            for n in names or [""]
        }
        uses[module(path)] = found - {module(path), "penchant"}
    TopologicalSorter(uses).prepare()  # raises CycleError with the circle


HEAVY = (
    "torch",
    "polars",
    "sklearn",
    "scipy",
    "transformers",
    "sentence_transformers",
    "sqlalchemy",
)


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a program has loaded when it ends."""
    script = f"import sys\n{code}\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()) if done.stdout.strip() else set()


def test_the_front_door_loads_nothing_heavy() -> None:
    assert loaded_by("import penchant; dir(penchant)") == set()


def test_configuration_loads_no_models() -> None:
    heavy = {"torch", "sklearn", "transformers", "sentence_transformers"}
    assert not loaded_by("from penchant import EngineConfig; EngineConfig()") & heavy


def test_help_loads_nothing_heavy() -> None:
    code = (
        "sys.argv = ['penchant', '--help']\n"
        "from penchant.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )
    assert loaded_by(code) == set()
