"""Forms of sensor models of rational polynomials: fields of RPC00B, the tag of a TIFF, and the metadata of GDAL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import OptionError
from .._io import _nitf_rpc, _nitf_rpc_fields
from ._polynomials import TERMS

POLYNOMIALS = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")

# In the order of RPC00B and of the tag of a TIFF.
NUMBERS = (
    "err_bias", "err_rand", "line_off", "samp_off", "lat_off", "long_off", "height_off",
    "line_scale", "samp_scale", "lat_scale", "long_scale", "height_scale",
)  # fmt: skip
_ERRORS = NUMBERS[:2]


def to_gdal(model: Mapping[str, Any]) -> dict[str, str]:
    """See `RPC.to_gdal`; `model` has the fields of an `RPC` by their names."""
    found = {}
    for name in (*NUMBERS, *POLYNOMIALS):
        value = model[name]
        if isinstance(value, tuple):
            found[name.upper()] = " ".join(map(repr, value))
        elif value is not None:
            found[name.upper()] = repr(value)
    return found


def to_dict(model: Mapping[str, Any]) -> dict[str, Any]:
    """See `RPC.to_dict`; `model` has the fields of an `RPC` by their names."""
    return {name: list(model[name]) if name in POLYNOMIALS else model[name] for name in (*NUMBERS, *POLYNOMIALS)}


def from_gdal(metadata: Any) -> dict[str, Any]:
    """The arguments of `RPC` from GDAL's metadata; see `RPC.from_gdal`."""
    if hasattr(metadata, "to_gdal"):
        metadata = metadata.to_gdal()
    if not isinstance(metadata, Mapping):
        raise OptionError(f"RPC metadata: got {metadata!r}, expected a mapping such as GDAL's")
    # GDAL's names are in capitals, those of `to_dict` are not.
    metadata = {name.upper(): value for name, value in metadata.items() if isinstance(name, str)}
    missing = [name.upper() for name in (*NUMBERS, *POLYNOMIALS) if name not in _ERRORS and name.upper() not in metadata]
    if missing:
        raise OptionError(f"RPC metadata: missing {', '.join(missing)}")
    found: dict[str, Any] = {}
    for name in NUMBERS:
        value = metadata.get(name.upper())
        # If an error is unknown, GDAL writes a negative number; older versions leave it blank.
        unknown = name in _ERRORS and (value is None or not str(value).strip() or _number(name, value) < 0)
        found[name] = None if unknown else _number(name, value)
    for name in POLYNOMIALS:
        value = metadata[name.upper()]
        numbers = value.split() if isinstance(value, str) else value
        found[name] = tuple(_number(name, number) for number in numbers)
    return found


def to_tre(model: Mapping[str, Any]) -> Any:
    """See `RPC.to_tre`; `model` has the fields of an `RPC` by their names."""
    return _nitf_rpc_fields(*_parts(model))


def to_tag(model: Mapping[str, Any]) -> list[float]:
    """See `RPC.to_tag`; `model` has the fields of an `RPC` by their names."""
    return [-1.0 if value is None else value for part in _parts(model) for value in _flat(part)]


def from_tag(values: Any) -> dict[str, Any]:
    """The arguments of `RPC` from the 92 numbers of the tag RPCCoefficient of a TIFF."""
    count = len(NUMBERS) + len(POLYNOMIALS) * TERMS
    is_list = hasattr(values, "__iter__") and not isinstance(values, (str, bytes))
    numbers = [_number("RPCCoefficient", value) for value in values] if is_list else []
    if len(numbers) != count:
        raise OptionError(f"RPCCoefficient (50844): got {len(numbers)} numbers, expected {count}")
    found: dict[str, Any] = dict(zip(NUMBERS, numbers))
    found.update({name: None for name in _ERRORS if found[name] < 0})
    for place, name in enumerate(POLYNOMIALS):
        start = len(NUMBERS) + place * TERMS
        found[name] = tuple(numbers[start : start + TERMS])
    return found


def from_tre(tag: str, fields: Any) -> dict[str, Any]:
    """The arguments of `RPC` from the fields of an RPC00B or RPC00A."""
    errors, offsets, scales, polynomials = _nitf_rpc(tag, fields)
    found = dict(zip(NUMBERS, (*errors, *offsets, *scales)))
    return {**found, **{name: tuple(row) for name, row in zip(POLYNOMIALS, polynomials)}}


def _parts(model: Mapping[str, Any]) -> tuple[Any, ...]:
    """Errors, offsets, scales and polynomials."""
    numbers = [model[name] for name in NUMBERS]
    return numbers[:2], numbers[2:7], numbers[7:], [list(model[name]) for name in POLYNOMIALS]


def _flat(part: list[Any]) -> list[Any]:
    return [value for item in part for value in (item if isinstance(item, list) else [item])]


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{name.upper()}: got {value!r}, expected a number") from None
