"""The bytes of a message → one row: JSON, Avro or Protobuf, by a schema at hand or by a registry's.

json       one object
avro       schemaless Avro by the schema in `schema_file`
protobuf   the message `message` of the descriptor set in `schema_file`
schemas    a zero byte, four bytes that name a schema, then the message by that schema
           (Confluent's wire format); schemas are asked for once each
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from penchant.data.values import shown
from penchant.errors import ConfigError, ReadError
from penchant.stream.config import StreamConfig

Row: TypeAlias = Mapping[str, Any]
Decode: TypeAlias = Callable[[bytes], Row]
"""Raises ReadError where the bytes are no such message, StreamError where that cannot be told."""


def decoder(config: StreamConfig) -> Decode:
    """How messages are decoded, by the settings.

    Raises:
        ConfigError: a setting is missing, or the schema cannot be used.
        MissingExtraError: the extra `kafka` is not installed.
    """
    if config.schemas is not None:
        from penchant.stream.registry import Registry

        return Registry(config.schemas).decode
    if config.format == "json":
        return from_json
    schema = _schema(config)
    if config.format == "avro":
        from penchant.stream.avro import avro

        return avro(_json_of(schema, config))
    from penchant.stream.protobuf import protobuf

    if config.message is None:
        raise ConfigError("stream.message: nothing came; expected a name, as shop.Event")
    return protobuf(schema, config.message)


def from_json(value: bytes) -> Row:
    """One JSON object.

    >>> from_json(b'{"user_id": 7}')
    {'user_id': 7}

    Raises:
        ReadError: it is none.
    """
    try:
        row = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ReadError(f"no JSON ({error}); expected an object") from None
    return an_object(row)


def an_object(row: Any) -> Row:
    """What was decoded, if it is an object.

    Raises:
        ReadError: it is something else.
    """
    if not isinstance(row, dict):
        raise ReadError(f"{shown(row)} came; expected an object")
    return row


def _schema(config: StreamConfig) -> bytes:
    if config.schema_file is None:
        raise ConfigError(
            f"stream.schema_file: nothing came; {config.format} needs a schema, or stream.schemas "
            "the URL of a registry"
        )
    try:
        return Path(config.schema_file).expanduser().read_bytes()
    except OSError as error:
        raise ConfigError(
            f"stream.schema_file: {config.schema_file} cannot be read ({error.strerror or error})"
        ) from None


def _json_of(schema: bytes, config: StreamConfig) -> Any:
    try:
        return json.loads(schema)
    except ValueError as error:
        raise ConfigError(
            f"stream.schema_file: {config.schema_file} is no Avro schema in JSON ({error})"
        ) from None
