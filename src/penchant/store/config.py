"""Where the store is."""

import re
from typing import Final

from pydantic import Field, field_serializer

from penchant.config import Config

CONFIG: Final = "config.toml"
"""Where a workspace keeps its settings."""
VARIABLE: Final = "PENCHANT_STORE"
"""The environment variable in which the command line looks for a URL first."""


class StoreConfig(Config):
    """Where tables and the list of models are kept."""

    url: str | None = Field(default=None, repr=False)
    """postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE; none: penchant.db in the
    workspace. It is written nowhere with its password: rather put it into PENCHANT_STORE."""
    wait: float = Field(default=30.0, ge=0)
    """Seconds to wait for another writer: a large import holds the store as long as it takes."""

    @field_serializer("url", when_used="json")
    def _hidden(self, url: str | None) -> str | None:
        return None if url is None else without_password(url)


def without_password(url: str) -> str:
    """A URL that may be shown.

    >>> without_password("postgresql://ann:secret@db/shop")
    'postgresql://ann:***@db/shop'
    >>> without_password("postgresql://db/shop?user=ann&password=secret")
    'postgresql://db/shop?user=ann&password=***'
    """
    shown = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", shown)
