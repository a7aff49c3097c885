"""Avro → rows."""

import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from penchant.errors import ConfigError, MissingExtraError, ReadError
from penchant.stream.decode import Decode, an_object


def avro(schema: Any, named: Sequence[Any] = ()) -> Decode:
    """How messages of an Avro schema are decoded; `named` are schemas that it refers to.

    Raises:
        ConfigError: it is no schema.
        MissingExtraError: fastavro is not installed.
    """
    try:
        import fastavro
    except ImportError:
        raise MissingExtraError(
            "fastavro: Avro needs it, and it is not installed. Run: pip install 'penchant[kafka]'"
        ) from None
    known: dict[str, Any] = {}
    try:
        for other in named:
            fastavro.parse_schema(other, named_schemas=known)
        parsed = fastavro.parse_schema(schema, named_schemas=known)
    except Exception as error:  # noqa: BLE001  what fastavro raises is not one tree
        raise ConfigError(f"no Avro schema ({type(error).__name__}: {error})") from None

    def decode(value: bytes) -> dict[str, Any]:
        stream = io.BytesIO(value)
        try:
            row = fastavro.schemaless_reader(stream, parsed, None)
        except Exception as error:  # noqa: BLE001  bytes that are no Avro fail in many ways
            raise ReadError(f"no Avro of this schema ({type(error).__name__}: {error})") from None
        if rest := stream.read():
            raise ReadError(f"no Avro of this schema ({len(rest)} bytes are left over)")
        return {name: _plain(value) for name, value in an_object(row).items()}

    return decode


def _plain(value: Any) -> Any:
    """Values of Avro's logical types as those that rows may have."""
    if value is None or isinstance(value, str | int | float | datetime | date | bytes | dict):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return str(value)  # times of a day, UUIDs
