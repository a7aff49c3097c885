"""Settings of streams: what is read, how it is decoded, and how a struggling store is treated."""

import re
from typing import Final, Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_serializer

from penchant.config import Config
from penchant.data.incoming import Rows
from penchant.store.config import without_password

_SECRET: Final = re.compile(r"password|passphrase|secret|\.pem$|oauthbearer\.config$")
"""In the names of librdkafka's settings that hold a secret."""


class StreamConfig(Config):
    """How events are consumed as they come."""

    kind: Rows = "events"
    """What each message is: a row of this table."""
    format: Literal["json", "avro", "protobuf"] = "json"
    """How messages are written where no registry of schemas says so."""
    schema_file: str | None = None
    """Avro: the schema (.avsc). Protobuf: a descriptor set (`protoc --include_imports
    --descriptor_set_out`)."""
    message: str | None = None
    """Protobuf: the full name of the message, as shop.Event."""
    schemas: str | None = Field(default=None, repr=False)
    """URL of a schema registry; then messages begin with a zero byte and the id of their schema. It
    is written nowhere with its password."""
    group: str = "penchant"
    """Consumer group: its members share the partitions, and its offsets say what was consumed."""
    start: Literal["earliest", "latest"] = "earliest"
    """Where reading begins when nothing was consumed yet."""
    batch: PositiveInt = 1000
    """Most messages that are taken in together; also the most that wait in memory."""
    seconds: PositiveFloat = 0.5
    """Longest wait for a batch to fill up."""
    slow: PositiveFloat = 2.0
    """Seconds after which a working store counts as slow, and no more messages are fetched."""
    first_wait: PositiveFloat = 0.5
    """Seconds until the second try after the store failed; doubled for each further one."""
    longest_wait: PositiveFloat = 60.0
    """Most seconds between two tries."""
    patience: PositiveFloat = 30.0
    """Seconds that a batch may take to finish when its partitions go to another consumer."""
    told: PositiveFloat = 60.0
    """Seconds between two lines about rate and lag in the log."""
    kafka: dict[str, str] = Field(default_factory=dict, repr=False)
    """Further settings of librdkafka, as "security.protocol"; a value `$NAME` is taken from the
    environment. Passwords and keys that stand here themselves are written nowhere."""

    @field_serializer("schemas", when_used="json")
    def _without_password(self, url: str | None) -> str | None:
        return None if url is None else without_password(url)

    @field_serializer("kafka", when_used="json")
    def _without_secrets(self, settings: dict[str, str]) -> dict[str, str]:
        return {
            name: "***" if _SECRET.search(name) and not value.startswith("$") else value
            for name, value in settings.items()
        }
