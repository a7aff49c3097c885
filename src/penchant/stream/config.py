"""Settings of streams: what is read, how it is decoded, and how a struggling store is treated."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from penchant.config import Config
from penchant.data.incoming import Rows


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
    schemas: str | None = None
    """URL of a schema registry; then messages begin with a zero byte and the id of their schema."""
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
    kafka: dict[str, str] = Field(default_factory=dict)
    """Further settings of librdkafka, as "security.protocol"; a value `$NAME` is taken from the
    environment."""
