"""How the interest tree is grown."""

from typing import Literal, Self

from pydantic import Field, model_validator

from penchant.config import Config


class KMeansConfig(Config):
    """How items are grouped by their vectors."""

    iterations: int = Field(default=30, ge=1)
    """Most passes over the items; stops earlier when no item moves."""
    restarts: int = Field(default=2, ge=1)
    """Fresh starts, of which the tightest grouping wins."""
    batch_above: int = Field(default=50_000, ge=1)
    """Groups of more items than this learn from draws of them (mini-batches)."""
    batch: int = Field(default=16_384, ge=16)
    """Items in one draw."""
    batches: int = Field(default=60, ge=1)
    """Draws in all."""


class NameConfig(Config):
    """How nodes get their names and keywords."""

    keywords: int = Field(default=6, ge=1)
    """Keywords kept for each node."""
    phrases: int = Field(default=2, ge=1, le=4)
    """Phrases in a name; one more is taken where siblings would share a name."""
    coverage: float = Field(default=0.12, ge=0, le=1)
    """Share of a node's items that its name's first phrase must speak of; below it, the node is
    named after its typical items ("like Metallica, Slayer")."""
    sample: int = Field(default=200_000, ge=1)
    """Most items whose text is read for names; more would change no name, only take time."""
    words: int = Field(default=60, ge=1)
    """Words read from the start of a description."""
    typical: int = Field(default=5, ge=1)
    """Typical items kept for each node."""


class TreeConfig(Config):
    """How the interest tree is grown."""

    kind: Literal["auto", "learned", "given", "mixed"] = "auto"
    """From vectors, from category columns, or given on top and learned below; auto looks."""
    levels: int = Field(default=3, ge=1, le=6)
    """Levels from broad to narrow."""
    sizes: tuple[int, ...] | None = None
    """Nodes of each level, broad to narrow; None: from the size of the catalogue."""
    smallest: int = Field(default=5, ge=1)
    """Items that a node should have: rarer categories are merged, groups are split no finer."""
    column: str | None = None
    """Column with the given levels; None: category, else genres, else tags."""
    useful: float = Field(default=0.8, gt=0, le=1)
    """Share of the items that a column must describe for auto to build on it."""
    broadest: int = Field(default=64, ge=2)
    """Most values of a flat column for auto to take it as the top level."""
    leaves_per_item: int = Field(default=3, ge=1)
    """Most leaves that one item belongs to."""
    temperature: float = Field(default=0.05, gt=0)
    """Cosine is divided by it before the softmax over leaves; lower: firmer membership."""
    least: float = Field(default=0.1, ge=0, lt=0.5)
    """Weights below it are given to the item's other leaves."""
    pca: int | None = Field(default=None, ge=2)
    """Dimensions that principal components reduce the vectors to before grouping; None: off."""
    behaviour: float = Field(default=0.4, ge=0, le=1)
    """Share of behaviour vectors beside language, where they are given."""
    keep: float = Field(default=0.3, ge=0, le=1)
    """Overlap of members from which a node counts as the one of the tree before."""
    kmeans: KMeansConfig = KMeansConfig()
    """How items are grouped."""
    name: NameConfig = NameConfig()
    """How nodes are named."""

    @model_validator(mode="after")
    def _one_size_a_level(self) -> Self:
        if self.sizes is not None and len(self.sizes) != self.levels:
            raise ValueError(f"sizes has {len(self.sizes)} entries for {self.levels} levels")
        if self.sizes is not None and any(
            a > b for a, b in zip(self.sizes, self.sizes[1:], strict=False)
        ):
            raise ValueError("sizes must not fall from broad to narrow")
        if self.sizes is not None and min(self.sizes) < 1:
            raise ValueError("sizes must be 1 or more")
        return self

    def targets(self, items: int) -> tuple[int, ...]:
        """Nodes to aim at on each level, broad to narrow.

        Broad grows with I^0.27 up to 16, leaves with 2·√I up to 1,024, the levels between lie
        evenly on a log scale.

        >>> TreeConfig().targets(12_000)
        (13, 53, 219)
        >>> TreeConfig().targets(1)
        (1, 1, 1)
        """
        most = max(1, items // min(self.smallest, 3))
        if self.sizes is not None:
            return tuple(min(k, max(1, items)) for k in self.sizes)
        narrow = min(2 * items**0.5, 1024, most)
        broad = min(max(2.0, items**0.27), 16, narrow)
        steps = [level / max(1, self.levels - 1) for level in range(self.levels)]
        return tuple(max(1, round(broad ** (1 - s) * narrow**s)) for s in steps)
