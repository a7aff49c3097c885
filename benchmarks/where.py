"""Where the data sets lie, where results go, and which commit is measured."""

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def data() -> Path:
    """The folder of the data sets: PENCHANT_DATA, by default ../shared/data."""
    return Path(os.environ.get("PENCHANT_DATA", HERE.parent.parent / "shared" / "data"))


def commit(root: Path = HERE.parent) -> str:
    """The commit that is checked out, `+` where code was changed since. Results and docs are no
    code: what was measured before does not change what is measured now."""
    code = [".", ":!docs", ":!*.md", ":!benchmarks/**/*.json"]
    last = _git(root, "rev-parse", "--short=10", "HEAD")
    if not last:
        return "unknown"
    return last + "+" * bool(_git(root, "status", "--porcelain", "-uno", "--", *code))


def _git(root: Path, *said: str) -> str:
    asked = ["git", "-C", str(root), *said]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
