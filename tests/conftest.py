"""Where a change is judged, property tests draw the same examples every time."""

import os

from hypothesis import settings

settings.register_profile("judged", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("judged")
