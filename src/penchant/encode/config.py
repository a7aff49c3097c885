"""How items become vectors."""

from typing import Final, Literal

from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c

DEFAULT_MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"

TEMPLATE: Final = (
    f"{{{c.TITLE}}}",
    f"{{{c.BRAND}}}",
    f"{{{c.CATEGORY}}}",
    f"{{{c.GENRES}}}",
    f"{{{c.TAGS}}}",
    f"{{{c.DESCRIPTION}}}",
)


class EncodeConfig(Config):
    """Which encoder reads the items, and what it reads of them.

    >>> EncodeConfig(kind="hashed", template=("{title}", "a wine from {region}")).kind
    'hashed'
    """

    kind: Literal["text", "static", "hashed"] = "text"
    """A language model; word vectors distilled from one (hundreds of times faster, less fine);
    or hashed words and letters, without weights (knows spelling, not meaning)."""
    model: str = DEFAULT_MODEL
    """Name on the model hub, or a folder, of a sentence-transformers (or static) model."""
    template: tuple[str, ...] = TEMPLATE
    """Pieces of an item's text, in order; `{column}` stands for a value. A piece is left out where
    one of its columns is missing or empty."""
    separator: str = ". "
    """What stands between the pieces."""
    batch_size: int = Field(64, ge=1)
    """Texts that go through the model at once; more needs more memory."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers the language model computes in; auto: bfloat16 where the processor or GPU has
    instructions for it, as it is nearly twice as fast there and as good to three digits."""
    device: str = "auto"
    """Where the language model runs: `cpu`, `cuda`, `cuda:1`, `mps`; auto: a GPU if there
    is one."""
    static_dim: int = Field(256, ge=2)
    """Width of a static encoder distilled on the spot."""
    hashed_dim: int = Field(512, ge=16)
    """Width of the hashed encoder; fewer dimensions mean more accidental likeness."""
