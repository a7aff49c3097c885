"""Documentation is executed: every block of Python is run, every command is parsed, every link is
followed, and the generated pages are as the code says.

Each page runs from top to bottom in one namespace and a folder of its own. There lie `data/`, the
tables of a small shop whose busiest people are called ann and bob, and `shop`, its workspace. On
how-to and explanation pages the workspace is fitted already, as at the end of the tutorial.
"""

import gzip
import importlib.util
import re
import shlex
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from typer.main import get_command

from penchant import Engine, EngineConfig, World, WorldConfig, make_world
from penchant.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NOT_RUN = {"reference", "decisions"}
QUICK = EngineConfig().but(
    **{"encode.kind": "hashed", "interests.dynamic.epochs": 1, "interests.dynamic.dims": 16}
)
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.S | re.M)
LINK = re.compile(r"(?<!`)\[[^\]`]*(?:`[^`]*`)?[^\]]*\]\(([^)\s]+)\)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, kind: str) -> list[str]:
    return [code for k, code in BLOCK.findall(page.read_text(encoding="utf-8")) if k == kind]


RUN = [p for p in PAGES if blocks(p, "python") and p.parent.name not in NOT_RUN]


def renamed(world: World) -> dict[str, pl.DataFrame]:
    """The tables of a world, with two of its busiest people called ann and bob."""
    busy = world.events["user_id"].value_counts().sort("count", "user_id", descending=True)
    names = dict(zip(busy["user_id"][1:3], ("ann", "bob"), strict=True))
    tables = {}
    for kind in ("events", "items", "users", "relations", "exposures"):
        table = getattr(world, kind)
        ids = [c for c in ("user_id", "source", "target") if c in table.columns]
        tables[kind] = table.with_columns(pl.col(c).replace(names) for c in ids)
    return tables


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a page finds it, with a fitted workspace."""
    here = tmp_path_factory.mktemp("docs")
    (here / "data").mkdir()
    (here / "logs").mkdir()
    tables = renamed(make_world(WorldConfig.small(users=60, events=2_500)))
    for kind, table in tables.items():
        table.write_parquet(here / "data" / f"{kind}.parquet")
    days = tables["events"].drop("session_id").head(500)
    with gzip.open(here / "logs" / "events-2024.csv.gz", "wb") as file:
        file.write(days.write_csv().encode())
    mini(here / "ml-mini")
    engine = Engine(here / "shop", QUICK)
    assert engine.workspace is not None
    engine.workspace.write_config(QUICK.to_toml())
    engine.add(here / "data")
    engine.fit()
    return here


def mini(folder: Path) -> None:
    """A few lines in MovieLens' format."""
    folder.mkdir()
    films = ["movieId,title,genres", "1,Toy Story (1995),Animation|Comedy", "2,Heat (1995),Action"]
    rated = ["userId,movieId,rating,timestamp", "7,1,4.0,964982703", "7,2,3.5,964981247"]
    (folder / "movies.csv").write_text("\n".join(films), encoding="utf-8")
    (folder / "ratings.csv").write_text("\n".join(rated), encoding="utf-8")


@pytest.fixture
def folder(
    request: pytest.FixtureRequest, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The page's own copy; README and tutorial begin with an empty shop."""
    page: Path = request.getfixturevalue("page")
    here = tmp_path / "here"
    shutil.copytree(place, here)
    if page.parent.name not in {"how-to", "explanation"}:
        shutil.rmtree(here / "shop")
        (here / "shop").mkdir()
        (here / "shop" / "config.toml").write_text(QUICK.to_toml(), encoding="utf-8")
    monkeypatch.chdir(here)
    return here


@pytest.mark.parametrize("page", RUN, ids=name)
def test_what_a_page_shows_runs(page: Path, folder: Path, capsys: Any) -> None:
    assert folder.is_dir()
    space: dict[str, Any] = {"__name__": "__page__"}
    for code in blocks(page, "python"):
        exec(compile(code, f"{name(page)}: {code.splitlines()[0]}", "exec"), space)
    assert "nan" not in capsys.readouterr().out.split()


def test_the_quickstart_runs(capsys: Any) -> None:
    code = (ROOT / "examples" / "01_quickstart.py").read_text(encoding="utf-8")
    exec(compile(code, "01_quickstart.py", "exec"), {"__name__": "__main__"})
    told = capsys.readouterr().out
    assert "truth" in told
    assert "ndcg@10" in told


COMMANDS = [
    pytest.param(line[2:], id=f"{name(page)}: {line[2:]}")
    for page in PAGES
    for block in blocks(page, "console")
    for line in block.splitlines()
    if line.startswith("$ penchant")
]


def parsed(command: str) -> dict[str, Any]:
    """The parameters of a command, as the real command line reads them; nothing is run."""
    words = shlex.split(command)[1:]
    root: Any = get_command(app)
    above = root.make_context("penchant", words)
    verb, child, rest = root.resolve_command(above, [*above._protected_args, *above.args])
    found: dict[str, Any] = child.make_context(verb, rest, parent=above).params
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_can_be_given(command: str) -> None:
    parsed(command)


def test_a_command_that_cannot_be_given_is_caught() -> None:
    with pytest.raises(Exception, match="nosuch"):
        parsed("penchant recommend ann --nosuch 3")
    with pytest.raises(Exception, match="nosuch"):
        parsed("penchant nosuch")


def test_commands_and_code_are_found() -> None:
    assert len(COMMANDS) > 15
    assert len(RUN) > 10


# Links


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as they are made where the pages are shown."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)}: {link}"


def test_every_page_can_be_reached() -> None:
    """From the first page of the documentation, in a few clicks."""
    reached, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file():
                waiting.append(target)
    assert {p for p in PAGES if p.is_relative_to(ROOT / "docs")} <= reached


# Generated pages


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["generate"] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("page", ["cli.md", "config.md", "http.md", "python.md", "tables.md"])
def test_generated_pages_are_as_the_code_says(generate: ModuleType, page: str) -> None:
    kept = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert kept == generate.text(page), "run `make docs`"


def test_every_setting_is_documented(generate: ModuleType) -> None:
    text = generate.config_page()
    for kind in generate.configs().values():
        for setting in kind.model_fields:
            assert f"`{setting}`" in text or f".{setting}`" in text, f"{kind.__name__}.{setting}"


def test_every_verb_is_documented() -> None:
    root: Any = get_command(app)
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert not [verb for verb in root.commands if f"penchant {verb}" not in text]
