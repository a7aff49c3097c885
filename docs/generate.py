"""Writes the pages of docs/reference that come from the code itself.

python docs/generate.py            write them
python docs/generate.py --check    say which are out of date; exit 1 if any is
"""

import ast
import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import penchant
from penchant.cli.main import reference
from penchant.config import Config
from penchant.data.check.run import CHECKS
from penchant.data.schema import EVENTS, EXPOSURES, FEEDBACK, ITEMS, RELATIONS, USERS

REFERENCE: Final = Path(__file__).parent / "reference"
SOURCE: Final = Path(penchant.__file__).parent
MADE: Final = "<!-- Written by docs/generate.py from the code; change it there. -->\n\n"
ROOTS: Final = ("EngineConfig", "WorldConfig", "Filters", "CheckConfig")
"""Settings whose groups are shown one below the other; the others follow by name."""


def pages() -> dict[str, Callable[[], str]]:
    """Each generated page and what writes it."""
    return {
        "cli.md": reference,
        "config.md": config_page,
        "http.md": http_page,
        "python.md": python_page,
        "tables.md": tables_page,
    }


def text(name: str) -> str:
    """What a page should hold."""
    return MADE + pages()[name]().rstrip() + "\n"


def outdated() -> list[str]:
    """Pages that are not as the code says."""
    return [name for name in pages() if not _same(REFERENCE / name, text(name))]


def _same(path: Path, wanted: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == wanted


# Settings


def configs() -> dict[str, type[Config]]:
    """Every class of settings in the source, by name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        inside = path.relative_to(SOURCE.parent).with_suffix("").parts
        module = ".".join(inside[:-1] if inside[-1] == "__init__" else inside)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and _is_config(node):
                found[node.name] = getattr(importlib.import_module(module), node.name)
    return found


def _is_config(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Config" for base in node.bases)


def meanings(kind: type[Config]) -> dict[str, str]:
    """The line under each field."""
    body = ast.parse(inspect.getsource(kind).strip()).body[0].body  # type: ignore[attr-defined]
    found = {}
    for line, after in pairwise(body):
        said = after.value.value if isinstance(after, ast.Expr) else None
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and said:
            found[line.target.id] = " ".join(said.split())
    return found


def config_page() -> str:
    """All settings: where they stand, their defaults, what they do."""
    known = configs()
    shown: set[str] = set()
    sections = [s for root in ROOTS for s in _sections(known[root], _begin(root), shown)]
    rest = [name for name in known if name not in shown]
    sections += [
        s for name in rest if name not in shown for s in _sections(known[name], name, shown)
    ]
    head = (
        "# Settings\n\n"
        "Settings of an engine are read from `config.toml` in its workspace, or handed over as\n"
        '`EngineConfig`; `config.but(**{"interests.base.kind": "svd"})` makes a changed copy.\n'
        "An unknown name raises `ConfigError`. `none` is written by leaving a setting out.\n"
    )
    return head + "\n" + "\n\n".join(sections)


def _begin(root: str) -> str:
    return "" if root == "EngineConfig" else root


def _sections(kind: type[Config], where: str, shown: set[str]) -> Iterator[str]:
    """The settings of one group, then the groups inside it."""
    shown.add(kind.__name__)
    made, why = kind(), meanings(kind)
    groups = {n: v for n in kind.model_fields if isinstance(v := getattr(made, n), Config)}
    title = f"`{where}`" if where else "The engine"
    about = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
    rows = [
        f"| `{name}` | {_default(getattr(made, name))} | {_cell(why.get(name, ''))} |"
        for name in kind.model_fields
        if name not in groups
    ]
    lines = [f"## {title}\n\n{about}"]
    if rows:
        lines.append("\n".join(["| setting | default | what it does |", "|---|---|---|", *rows]))
    if groups:
        inside = [f"[`{_join(where, n)}`](#{_anchor(_join(where, n))})" for n in groups]
        lines.append(f"Groups inside: {', '.join(inside)}.")
    yield "\n\n".join(lines)
    for name, group in groups.items():
        yield from _sections(type(group), _join(where, name), shown)


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _anchor(title: str) -> str:
    return title.lower().replace(".", "").replace(" ", "-")


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        inside = ", ".join(f"{k} = {v}" for k, v in value.items())
        return f"`{{{inside}}}`"
    if isinstance(value, str):
        return f"`{value!r}`".replace("'", '"')
    if isinstance(value, tuple | list):
        return _cell(f"`{list(value)!r}`".replace("'", '"'))
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


# Python


def python_page() -> str:
    """The public names: signature, what it is, its public methods."""
    head = "# Python\n\n`from penchant import …` gives these names, and no others.\n"
    names = [name for name in penchant.__all__ if not name.startswith("_")]
    errors = (
        f"## Errors\n\n```text\n{inspect.getdoc(importlib.import_module('penchant.errors'))}\n```"
    )
    return head + "\n" + "\n\n".join([*(_described(name) for name in names), errors])


def _described(name: str) -> str:
    found = getattr(penchant, name)
    lines = [f"## `{name}`", _doc(found)]
    if inspect.isfunction(found):
        return "\n\n".join([lines[0], _code(f"{name}{_signature(found)}"), lines[1]])
    if issubclass(found, Config):
        lines.append(f"Its settings: [`{name}`](config.md).")
    for method, value in _methods(found):
        lines += [f"### `{name}.{method}`", *_method(name, method, value)]
    return "\n\n".join(line for line in lines if line)


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    own = vars(kind)
    family = [base for base in kind.__mro__[1:] if _package(base) == _package(kind)]
    inherited = {name: value for base in family for name, value in vars(base).items()}
    for name, value in (own | {k: v for k, v in inherited.items() if k not in own}).items():
        plain = value.__func__ if isinstance(value, classmethod | staticmethod) else value
        shown = inspect.isfunction(plain) or _is_property(value)
        if shown and not name.startswith("_") and inspect.getdoc(plain):
            yield name, plain


def _package(kind: type) -> str:
    return kind.__module__.rpartition(".")[0]


def _is_property(value: Any) -> bool:
    return isinstance(value, property) or type(value).__name__ == "cached_property"


def _method(owner: str, name: str, value: Any) -> list[str]:
    if _is_property(value):
        return [_doc(value)]
    return [_code(f"{owner[0].lower()}{owner[1:]}.{name}{_signature(value)}"), _doc(value)]


def _signature(function: Any) -> str:
    """The parameters as they are called, without types of this machine's memory."""
    made = inspect.signature(function)
    shown = [p for n, p in made.parameters.items() if n not in {"self", "cls"}]
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in shown]
    plain = [_readable(p) for p in plain]
    return str(made.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def _readable(p: inspect.Parameter) -> inspect.Parameter:
    """A default that is a function or an object is shown by its name."""
    if p.default is inspect.Parameter.empty or isinstance(p.default, str | int | float | tuple):
        return p
    if p.default is None:
        return p
    return p.replace(default=_Word(getattr(p.default, "__name__", "…")))


class _Word(str):
    """A default that is written without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _code(line: str, language: str = "text") -> str:
    return f"```{language}\n{line}\n```"


def _doc(found: Any) -> str:
    """A docstring as Markdown: examples as code, notes on arguments and errors as lists."""
    doc = inspect.getdoc(found) or ""
    parts = [_paragraph(part) for part in doc.split("\n\n")]
    return "\n\n".join(parts)


def _paragraph(part: str) -> str:
    if part.startswith(">>>"):
        return f"```pycon\n{part}\n```"
    first, *rest = part.split("\n")
    if first in {"Args:", "Raises:", "Returns:", "Attributes:"}:
        joined = " ".join(line if line[4:5] != " " else line.strip() for line in rest)
        entries = [line.strip() for line in joined.split("    ") if line.strip()]
        return "\n".join([f"**{first[:-1]}**", "", *(f"- {entry}" for entry in entries)])
    return part


# Tables


def tables_page() -> str:
    """The columns of every table, and the checks that look at them."""
    parts = [
        "# Tables",
        "Any table with these columns comes in; other names are given by a mapping. Columns that "
        "are not listed stay: they may serve as context, as attributes to filter by, or be shown.",
    ]
    for shape in (EVENTS, ITEMS, USERS, RELATIONS, EXPOSURES, FEEDBACK):
        parts += [f"## {shape.name}", _columns(shape)]
    parts += ["## What `penchant check` looks at", _checks()]
    return "\n\n".join(parts)


KINDS: Final = {
    "id": "text or number; `17850.0` is read as `17850`",
    "time": "time with or without a zone (taken as UTC), ISO 8601 text, or seconds, ms, µs, ns",
    "text": "text",
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "path": "list of text, broad to narrow; or text with ` > `, `/` or `\\|` between",
    "labels": "list of text; or text with separators",
}


def _columns(shape: Any) -> str:
    rows = ["| column | needed | what it holds |", "|---|---|---|"]
    for name, kind in shape.kinds.items():
        needed = "yes" if name in shape.required else ""
        rows.append(f"| `{name}` | {needed} | {KINDS.get(kind, kind)} |")
    return "\n".join(rows)


def _checks() -> str:
    rows = ["| check | what it looks at |", "|---|---|"]
    for one in CHECKS:
        about = (inspect.getdoc(one) or "").split("\n")[0]
        rows.append(f"| `{one.__name__}` | {_cell(about)} |")
    return "\n".join(rows)


# The HTTP service


def http_page() -> str:
    """Every route: what it takes, with an example, and what it answers."""
    from penchant.serve.app import create_app

    told = create_app(penchant.Engine()).openapi()
    head = (
        "# The HTTP service\n\n"
        "`penchant serve` answers these; how to begin is told in\n"
        "[Serve over HTTP](../how-to/serve.md). The same as OpenAPI: `GET /v1/openapi.json`.\n"
        "Every error is a problem document (`application/problem+json`): type, title, status,\n"
        "detail.\n"
    )
    by_tag: dict[str, list[str]] = {}
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            section = _route(told, method.upper(), path, operation)
            by_tag.setdefault(operation["tags"][0], []).append(section)
    parts = [f"## {tag.capitalize()}\n\n" + "\n\n".join(of) for tag, of in by_tag.items()]
    return head + "\n" + "\n\n".join([*parts, _problems()])


def _route(told: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    scope = operation["x-scope"]
    needs = f"Needs a key with `{scope}`." if scope else "Needs no key."
    lines = [f"### `{method} {path}`", operation["description"], needs]
    if parameters := operation.get("parameters"):
        rows = [_parameter(told, p) for p in parameters]
        lines.append("\n".join(["| parameter | what | example |", "|---|---|---|", *rows]))
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        lines += [f"Takes `{media}`:", _code(_body_example(told, content), "json")]
    for status, answer in operation["responses"].items():
        if status != "default":
            lines.append(_answer(told, status, answer))
    return "\n\n".join(lines)


def _parameter(told: dict[str, Any], p: dict[str, Any]) -> str:
    shape = p["schema"]
    some = [*(e["value"] for e in p.get("examples", {}).values()), *shape.get("examples", [])]
    about = p.get("description") or shape.get("description") or ""
    needed = " Needed." if p["required"] and p["in"] == "query" else ""
    default = shape.get("default")
    fallback = f" Else {str(default).lower()}." if default not in (None, [], "") else ""
    shown = f"`{str(some[0]).lower() if some[0] is True else some[0]}`" if some else ""
    return f"| `{p['name']}` | {_cell(about + needed + fallback)} | {_cell(shown)} |"


def _body_example(told: dict[str, Any], content: dict[str, Any]) -> str:
    if "examples" in content:
        values = [e["value"] for e in content["examples"].values()]
        return "\n".join(v.strip() if isinstance(v, str) else json.dumps(v) for v in values)
    shape = _shape(told, content["schema"])
    fields = shape["properties"].items()
    return json.dumps({name: f["examples"][0] for name, f in fields if "examples" in f})


def _answer(told: dict[str, Any], status: str, answer: dict[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    said = f"Answers {status}: {answer['description']}"
    if not schema:
        return said
    fields = ", ".join(f"`{name}`" for name in _shape(told, schema).get("properties", {}))
    return f"{said}\n\nFields: {fields}." if fields else said


def _shape(told: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = told["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _problems() -> str:
    doc = inspect.getdoc(importlib.import_module("penchant.serve.problem")) or ""
    return f"## Problems\n\n```text\n{doc}\n```"


def main(arguments: list[str]) -> str | None:
    """Write or check the pages; a message if something is wrong."""
    if arguments == ["--check"]:
        stale = outdated()
        return f"out of date: {', '.join(stale)}; run `make docs`" if stale else None
    if arguments:
        return f"{arguments} came; expected nothing, or --check"
    REFERENCE.mkdir(exist_ok=True)
    for name in pages():
        (REFERENCE / name).write_text(text(name), encoding="utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
