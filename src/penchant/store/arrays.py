"""Named arrays in a safetensors file, and back by mapping the file into memory.

A mapped array is read from disk when it is touched, and its pages are shared by all processes that
map the same file. Writing to it changes only this process's copy.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from penchant.errors import StoreError
from penchant.types import Arrays

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
    "C64": np.dtype("<c8"),
}
"""Of bfloat16, which NumPy does not have, keep the bits as uint16."""


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays under their names.

    Raises:
        StoreError: an array is of a type that the format does not have (text, objects).
    """
    from safetensors.numpy import save_file

    save_file({name: _dense(path, name, array) for name, array in arrays.items()}, path)


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file, mapped.

    Raises:
        ValueError: the file is not what it says it is.
    """
    data = np.memmap(path, np.uint8, mode="c")
    start = 8 + int(data[:8].view("<u8")[0])
    header = json.loads(bytes(data[8:start]))
    return {name: _array(data[start:], entry) for name, entry in header.items() if name[:2] != "__"}


def _dense(path: Path, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    dtype = np.dtype(array.dtype).newbyteorder("<")
    if dtype not in DTYPES.values():
        raise StoreError(
            f"{path.stem}.{name}: an array of {array.dtype} cannot be kept; expected numbers or "
            "booleans (text belongs to the plain values)"
        )
    return np.asarray(array, dtype=dtype, order="C")


def _array(data: npt.NDArray[np.uint8], entry: dict[str, Any]) -> npt.NDArray[Any]:
    begin, end = entry["data_offsets"]
    part: npt.NDArray[Any] = np.asarray(data[begin:end]).view(DTYPES[entry["dtype"]])
    return part.reshape(entry["shape"])
