"""Column types: brought to a few plain ones, widened where two batches differ, named in JSON."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import polars as pl

from penchant.errors import SchemaError, StoreError

Types: TypeAlias = dict[str, pl.DataType]

UTC: Final = pl.Datetime("us", "UTC")

_NAMED: Final[dict[str, pl.DataType]] = {
    "null": pl.Null(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "text": pl.String(),
    "bytes": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": UTC,
    "duration": pl.Duration("us"),
}
_NUMBERS: Final = (pl.Boolean(), pl.Int64(), pl.Float64())


def plain(dtype: pl.DataType) -> pl.DataType:
    """The one type that stands for all of its sort: Int64 for whole numbers, UTC for times ...

    Raises:
        StoreError: there is no such type (Python objects).
    """
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(plain(_inner(dtype)))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({f.name: plain(_type(f.dtype)) for f in dtype.fields})
    if dtype.is_integer():
        return pl.Int64()
    if dtype.is_numeric():
        return pl.Float64()
    if isinstance(dtype, pl.Datetime):
        return UTC
    if isinstance(dtype, pl.Duration):
        return pl.Duration("us")
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return pl.String()
    if dtype not in _NAMED.values():
        raise StoreError(f"values of type {dtype} cannot be kept; expected numbers, text, times")
    return dtype


def widen(a: pl.DataType, b: pl.DataType) -> pl.DataType | None:
    """The narrowest plain type that holds both, or None where there is none.

    >>> widen(pl.Int64(), pl.Float64())
    Float64
    """
    if a == b or isinstance(b, pl.Null):
        return a
    if isinstance(a, pl.Null):
        return b
    if isinstance(a, pl.List) and isinstance(b, pl.List):
        inner = widen(_inner(a), _inner(b))
        return None if inner is None else pl.List(inner)
    if isinstance(a, pl.Struct) and isinstance(b, pl.Struct):
        return _widen_fields(_fields(a), _fields(b))
    if a in _NUMBERS and b in _NUMBERS:
        return max(a, b, key=_NUMBERS.index)
    if {a, b} == {pl.Date(), UTC}:
        return UTC
    if pl.String() in (a, b) and (a in _NUMBERS or b in _NUMBERS):
        return pl.String()
    return None


def _widen_fields(a: Types, b: Types) -> pl.DataType | None:
    """Fields of both; where their orders differ, the order of their names: neither comes first."""
    if a.keys() != b.keys():
        return None
    names = list(a) if list(a) == list(b) else sorted(a)
    both = {name: widen(a[name], b[name]) for name in names}
    fields = {name: dtype for name, dtype in both.items() if dtype is not None}
    return pl.Struct(fields) if len(fields) == len(both) else None


def union(stored: Types, came: Types, owner: str) -> Types:
    """The columns of both, each as wide as it must be; stored columns keep their order.

    Raises:
        SchemaError: a column came with a type that does not go with what is stored.
    """
    made = dict(stored)
    for name, dtype in came.items():
        wide = widen(stored.get(name, pl.Null()), dtype)
        if wide is None:
            raise SchemaError(
                f"{owner}.{name}: {dtype} came, but the store holds {stored[name]}; "
                "convert the column, or give it another name"
            )
        made[name] = wide
    return made


def to_json(types: Mapping[str, pl.DataType]) -> dict[str, Any]:
    """Types as names that a stranger could read.

    >>> to_json({"tags": pl.List(pl.String())})
    {'tags': {'list': 'text'}}
    """
    return {name: _name(dtype) for name, dtype in types.items()}


def from_json(names: Mapping[str, Any]) -> Types:
    """The way back.

    Raises:
        KeyError: a name is not known.
    """
    return {name: _named(value) for name, value in names.items()}


def _name(dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.List):
        return {"list": _name(_inner(dtype))}
    if isinstance(dtype, pl.Struct):
        return {"struct": to_json(_fields(dtype))}
    return next(name for name, known in _NAMED.items() if known == dtype)


def _named(value: Any) -> pl.DataType:
    if not isinstance(value, dict):
        return _NAMED[value]
    if "struct" in value:
        return pl.Struct(from_json(value["struct"]))
    return pl.List(_named(value["list"]))


def _type(dtype: Any) -> pl.DataType:
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype  # Polars allows the class
    return made


def _inner(dtype: pl.List | pl.Array) -> pl.DataType:
    return _type(dtype.inner)


def _fields(dtype: pl.Struct) -> Types:
    return {f.name: _type(f.dtype) for f in dtype.fields}
