"""Every setting says what it is, is read by something, and survives TOML."""

import ast
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.config import Config
from penchant.errors import ConfigError

SOURCE = Path(__file__).parents[2] / "src" / "penchant"


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(inside[:-1] if inside[-1] == "__init__" else inside)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def configs() -> list[tuple[str, ast.ClassDef]]:
    """Every class of settings: its module and its definition."""
    return [
        (name, node)
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(b, ast.Name) and b.id == "Config" for b in node.bases)
    ]


CONFIGS = configs()
IDS = [node.name for _, node in CONFIGS]


def fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.stmt | None]]:
    """Names of the fields, each with the statement that follows it."""
    for place, line in enumerate(node.body):
        if not isinstance(line, ast.AnnAssign) or "ClassVar" in ast.dump(line.annotation):
            continue
        assert isinstance(line.target, ast.Name)
        yield line.target.id, node.body[place + 1] if place + 1 < len(node.body) else None


def is_text(line: ast.stmt | None) -> bool:
    return (
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
        and bool(line.value.value.strip())
    )


def loaded(module: str, node: ast.ClassDef) -> type[Config]:
    found = getattr(importlib.import_module(module), node.name)
    assert issubclass(found, Config)
    return found


def test_the_configs_are_found() -> None:
    assert {"EngineConfig", "EncodeConfig", "TreeConfig", "InterestsConfig", "SplitConfig"} <= set(
        IDS
    )


@pytest.mark.parametrize(("module", "node"), CONFIGS, ids=IDS)
def test_every_field_has_a_line_of_why(module: str, node: ast.ClassDef) -> None:
    assert not [name for name, after in fields(node) if not is_text(after)]


@pytest.mark.parametrize(("module", "node"), CONFIGS, ids=IDS)
def test_settings_survive_toml(module: str, node: ast.ClassDef) -> None:
    kind = loaded(module, node)
    if any(f.is_required() for f in kind.model_fields.values()):
        pytest.fail(f"{node.name} has a setting without a default")
    made = kind()
    assert kind(**tomllib.loads(made.to_toml())) == made


@pytest.mark.parametrize(("module", "node"), CONFIGS, ids=IDS)
def test_an_unknown_key_is_refused_by_its_name(module: str, node: ast.ClassDef) -> None:
    with pytest.raises(ConfigError, match=f"{node.name}.no_such_setting: unknown setting"):
        loaded(module, node)(no_such_setting=1)


def test_every_setting_is_read_somewhere() -> None:
    """A field that nobody reads is a promise that nobody keeps."""
    read = {
        node.attr
        for _, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    unread = [f"{node.name}.{f}" for _, node in CONFIGS for f, _ in fields(node) if f not in read]
    assert not unread
