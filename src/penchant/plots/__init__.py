"""Pictures of interests, as Plotly figures: in a notebook they show themselves, and `write_html`
or `write_image` takes them elsewhere. Every one takes `dark=True`. Needs `penchant[plots]`.
"""

from penchant.plots.catalogue import catalogue
from penchant.plots.context import context
from penchant.plots.evolution import course
from penchant.plots.profile import layers, profile
from penchant.plots.reasons import parts
from penchant.plots.reliability import reliability

__all__ = ["catalogue", "context", "course", "layers", "parts", "profile", "reliability"]
