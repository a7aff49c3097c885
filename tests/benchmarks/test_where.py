"""A result names the commit that was measured, and says where code was changed since."""

import subprocess

import pytest
from benchmarks.where import commit


def git(root, *said):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(root), *who, *said], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path):
    git(tmp_path, "init")
    for name in ("src/a.py", "docs/a.md", "README.md", "benchmarks/quality/results/x/a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "all")
    return tmp_path


def test_results_and_pages_are_no_code(root):
    was = commit(root)
    assert len(was) == 10
    for name in ("docs/a.md", "README.md", "benchmarks/quality/results/x/a.json"):
        (root / name).write_text("2")
    assert commit(root) == was
    (root / "src/a.py").write_text("2")
    assert commit(root) == was + "+"


def test_code_that_was_removed_was_changed(root):
    (root / "src/a.py").unlink()
    assert commit(root).endswith("+")


def test_without_a_repository_it_is_not_known(tmp_path):
    assert commit(tmp_path) == "unknown"
