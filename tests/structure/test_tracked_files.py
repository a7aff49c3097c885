"""The files that a stranger gets speak of the product alone."""

import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOMES = re.compile(r"/(?:root|home/[a-z][\w-]*|Users/[A-Za-z][\w.-]*)/|[A-Z]:\\Users\\")
HOSTS = re.compile(
    r"https?://[^\s/\"')]*(?:pypi|pythonhosted|artifactory|nexus|devpi|mirror|registry)", re.I
)
FLAGS = re.compile("|".join(["--" + f for f in ("index-url", "extra-index-url", "find-links")]))


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control, and new ones that it would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0 and done.stdout:
        found = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    else:  # an archive without its history
        found = [
            p for part in ("src", "tests", "docs", "examples") for p in ROOT.glob(f"{part}/**/*")
        ]
        found += [p for p in ROOT.iterdir() if p.suffix in {".md", ".toml"}]
    return tuple(p for p in found if p.is_file() and "__pycache__" not in p.parts)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tracked():
        if path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in pattern.finditer(text)]
    return found


def test_files_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in tracked()}
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile"} & names
    assert "src/penchant/engine/__init__.py" in names


def test_no_path_of_a_machine() -> None:
    assert not lines_with(HOMES)
    general = {Path("/"), Path(tempfile.gettempdir()), Path("/usr"), Path("/opt"), Path("/srv")}
    if ROOT.parent not in general:
        assert not lines_with(re.compile(re.escape(f"{ROOT.parent}/")))


def test_no_host_of_a_registry() -> None:
    assert not lines_with(HOSTS)
    assert not lines_with(FLAGS)


def test_no_model_weights_and_no_data_are_kept() -> None:
    kinds = {".parquet", ".safetensors", ".bin", ".pkl", ".pt", ".gz", ".npy", ".npz", ".sqlite"}
    assert not [str(p.relative_to(ROOT)) for p in tracked() if p.suffix in kinds]


def test_no_file_is_large() -> None:
    assert not {str(p): p.stat().st_size for p in tracked() if p.stat().st_size > 1_000_000}
