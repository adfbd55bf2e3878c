"""A fitted model as named arrays, and back: dataclasses and named tuples of arrays, numbers and names.

Only values go into the file, never code, so that reading one can do nothing but read. Single-precision arrays that half
precision holds exactly are kept so.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_origin, get_type_hints
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Parts = dict[str, NDArray[Any]]
Kind = TypeVar("Kind")


def taken_apart(value: Any, name: str) -> Parts:
    """Raises TypeError for a value of another kind."""
    if isinstance(value, np.ndarray):
        return {name: _halved(value)}
    if isinstance(value, bool | int | float | str):
        return {name: np.array(value)}
    if is_dataclass(value) or hasattr(value, "_fields"):
        found: Parts = {}
        for field in _names(type(value)):
            found |= taken_apart(getattr(value, field), f"{name}.{field}")
        return found
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return {name: np.array(value, np.str_)}
    raise TypeError(f"{name} is a {type(value).__name__}: no array, number or name")


def put_together(kind: type[Kind], parts: Mapping[str, NDArray[Any]], name: str) -> Kind:
    """A `kind` from what `taken_apart` gave. Raises KeyError where a part is missing."""
    hints, values = get_type_hints(kind), {}
    for field in _names(kind):
        hint, place = hints[field], f"{name}.{field}"
        if is_dataclass(hint) or hasattr(hint, "_fields"):
            values[field] = put_together(hint, parts, place)
        elif get_origin(hint) is np.ndarray:
            values[field] = _widened(parts[place])
        elif get_origin(hint) is tuple:
            values[field] = tuple(parts[place].tolist())
        else:
            values[field] = parts[place].item()
    return kind(**values)


def to_bytes(parts: Parts) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **parts)  # type: ignore[arg-type]
    return file.getvalue()


def from_bytes(content: bytes) -> Parts:
    """Raises ValueError for bytes that are no such file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise ValueError(f"not a file of tracing numbers: {error}") from error


def _names(kind: Any) -> tuple[str, ...]:
    return tuple(kind._fields) if hasattr(kind, "_fields") else tuple(field.name for field in fields(kind))


def _halved(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype != np.float32:
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.array_equal(half.astype(np.float32), array) else array


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.float32) if array.dtype == np.float16 else array
