"""The benchmarks are read from the repository's root, as `python -m benchmarks.quality` does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
