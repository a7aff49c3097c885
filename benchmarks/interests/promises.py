"""The page docs/profiles.md, from the result files alone.

python -m benchmarks.interests.promises        # write the page
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.quality.jobs import commit

from penchant.evaluate.fingerprint import hardware

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "promises"
WORK = HERE.parent.parent / "build" / "interests"


def told(what: str) -> dict[str, Any]:
    """What a result file says of itself: command, hardware, commit, date."""
    return {
        "command": f"python -m benchmarks.interests.{what}", "hardware": hardware(),
        "commit": commit(), "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
