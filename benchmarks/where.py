"""Where the data sets lie, and where results go."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def data() -> Path:
    """The folder of the data sets: PENCHANT_DATA, by default ../shared/data."""
    return Path(os.environ.get("PENCHANT_DATA", HERE.parent.parent / "shared" / "data"))
