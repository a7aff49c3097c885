"""Settings said at the command line: `key=value`, typed as TOML types them."""

import tomllib
from collections.abc import Iterable
from typing import Any

from penchant.errors import ConfigError


def parsed(said: Iterable[str]) -> dict[str, Any]:
    """`key=value` words as settings by their dotted names; the last word on a key counts.

    >>> parsed(["seed=3", "interests.base.kind=svd", "evaluate.k=[5, 10]"])
    {'seed': 3, 'interests.base.kind': 'svd', 'evaluate.k': [5, 10]}

    Raises:
        ConfigError: a word is no pair.
    """
    return dict(_pair(word) for word in said)


def _pair(word: str) -> tuple[str, Any]:
    key, found, text = word.partition("=")
    if not found or not key.strip():
        raise ConfigError(
            f"--set: {word!r} came; expected key=value, as --set interests.base.kind=svd. "
            "`penchant config` lists the keys"
        )
    return key.strip(), value(text.strip())


def value(text: str) -> Any:
    """A value as TOML reads it; what is not TOML is taken as text, so that words need no quotes.

    >>> value("0.5"), value("true"), value("svd"), value('"3"')
    (0.5, True, 'svd', '3')

    Raises:
        ConfigError: it looks like a list, a table or quoted text, and is not a whole one.
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        if text[:1] in ("[", "{", '"', "'"):
            raise ConfigError(f"--set: {text!r} is not valid TOML ({error})") from None
        return text
