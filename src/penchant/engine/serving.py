"""The settings of the HTTP service; they stand here because all settings stand together."""

from typing import Literal

from pydantic import Field

from penchant.config import Config


class ServeConfig(Config):
    """How the service behaves."""

    auth: Literal["auto", "keys", "off"] = "auto"
    """keys: every call needs a key; auto: so, and while there are no keys only this machine is
    served; off: everybody may do everything."""
    present: Literal["now", "log"] = "now"
    """What `at` is where a call does not say: the clock, or the last event of the log."""
    max_bytes: int = Field(16_000_000, ge=1)
    """Bytes of a request's body, at most."""
    stream_bytes: int = Field(1_000_000_000, ge=1)
    """Bytes of a body of JSON lines, at most; it is taken in piece by piece."""
    seconds: float = Field(30.0, gt=0.0)
    """Seconds that an answer may take from the last byte of the question on."""
    body_seconds: float = Field(10.0, gt=0.0)
    """Seconds until the next piece of a body must have come, and from which on the whole of it must
    come at `body_rate`."""
    body_rate: float = Field(1_000.0, ge=0.0)
    """Bytes a second that a body must come with."""
    at_once: int = Field(0, ge=0)
    """Questions that a process works on at once; 0: its share of the cores."""
    waiting: int = Field(64, ge=0)
    """Questions that may wait beside those; more are told to come back."""
    open: int = Field(512, ge=1)
    """Calls under way at once, also those whose body still comes; more are told to come back."""
    rate: float = Field(500.0, gt=0.0)
    """Calls a second that a key may make, where the key does not say otherwise."""
    burst: float = Field(1_000.0, ge=1.0)
    """Calls that a key may make at once after a rest."""
    whole: float = Field(900.0, ge=0.0)
    """Seconds that the log may be old from which is answered what is asked about everybody:
    segments, people alike, forecasts, lifts. Reading it takes seconds where it is large."""
    lists: bool = True
    """Whether lists that are given out are kept as exposures."""
    origins: tuple[str, ...] = ()
    """Web pages' origins that browsers may let call the service (CORS); none by default."""
