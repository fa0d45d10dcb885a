"""Sensor models of rational polynomials as text: the fields of RPC00B, and the metadata of GDAL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._errors import OptionError
from ._polynomials import substituted

POLYNOMIALS = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")

# Bytes and decimals of the fields, in their order (STDI-0002-1 App E, Table E-22), and True if they begin with a sign.
_FIELDS = {
    "err_bias": (7, 2, False),
    "err_rand": (7, 2, False),
    "line_off": (6, 0, False),
    "samp_off": (5, 0, False),
    "lat_off": (8, 4, True),
    "long_off": (9, 4, True),
    "height_off": (5, 0, True),
    "line_scale": (6, 0, False),
    "samp_scale": (5, 0, False),
    "lat_scale": (8, 4, True),
    "long_scale": (9, 4, True),
    "height_scale": (5, 0, True),
}
NUMBERS = tuple(_FIELDS)

# The limits of a coefficient: ±d.ddddddE±d.
_LARGEST = 9.999999e9
_SMALLEST_EXPONENT = -9


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
    errors = {name for name in NUMBERS if name.startswith("err_")}
    missing = [name.upper() for name in (*NUMBERS, *POLYNOMIALS) if name not in errors and name.upper() not in metadata]
    if missing:
        raise OptionError(f"RPC metadata: missing {', '.join(missing)}")
    found: dict[str, Any] = {}
    for name in NUMBERS:
        value = metadata.get(name.upper())
        # If an error is unknown, GDAL writes a negative number; older versions leave it blank.
        unknown = name in errors and (value is None or not str(value).strip() or _number(name, value) < 0)
        found[name] = None if unknown else _number(name, value)
    for name in POLYNOMIALS:
        value = metadata[name.upper()]
        numbers = value.split() if isinstance(value, str) else value
        found[name] = tuple(_number(name, number) for number in numbers)
    return found


def to_tre(model: Mapping[str, Any]) -> dict[str, Any]:
    """See `RPC.to_tre`; `model` has the fields of an `RPC` by their names."""
    rounded = {name: _rounded(name, model[name] or 0.0) for name in NUMBERS}
    fields: dict[str, Any] = {"SUCCESS": "1"}
    fields.update({name.upper(): _text(name, value) for name, value in rounded.items()})
    for name, row in zip(POLYNOMIALS, _polynomials(model, rounded)):
        key = name.upper()
        fields[key] = [{key: _scientific(key, float(value))} for value in row]
    return fields


def _polynomials(model: Mapping[str, Any], rounded: dict[str, float]) -> Any:
    """The polynomials that give the same model with the rounded offsets and scales."""
    rows = np.array([model[name] for name in POLYNOMIALS])
    axes = [(name, model[f"{name}_scale"], model[f"{name}_off"]) for name in ("long", "lat", "height")]
    scales = tuple(rounded[f"{name}_scale"] / scale for name, scale, _ in axes)
    offsets = tuple((rounded[f"{name}_off"] - off) / scale for name, scale, off in axes)
    if (*scales, *offsets) != (1, 1, 1, 0, 0, 0):
        rows = substituted(rows, scales, offsets)
    for place, name in ((0, "line"), (2, "samp")):
        # off + scale · n/d = off' + scale' · n'/d with n' = (scale · n + (off - off') · d) / scale'.
        shift = model[f"{name}_off"] - rounded[f"{name}_off"]
        scale = model[f"{name}_scale"]
        if shift or scale != rounded[f"{name}_scale"]:
            rows[place] = (scale * rows[place] + shift * rows[place + 1]) / rounded[f"{name}_scale"]
    for place in (0, 2):
        # Dividing numerator and denominator by the same number keeps the fraction. With a denominator constant of 1 both fit.
        constant = rows[place + 1, 0]
        if constant and np.abs(rows[place : place + 2]).max() > _LARGEST:
            rows[place : place + 2] /= constant
    return rows


def _rounded(name: str, value: float) -> float:
    decimals = _FIELDS[name][1]
    found = round(value, decimals)
    # A scale must not round to 0. It takes the smallest number of its field instead.
    return found or (10.0**-decimals if name.endswith("_scale") else 0.0)


def _text(name: str, value: float) -> str:
    width, decimals, signed = _FIELDS[name]
    text = f"{value:{'+' if signed else ''}0{width}.{decimals}f}"
    limits = {"lat": 90.0, "long": 180.0}
    limit = limits.get(name.partition("_")[0])
    if len(text) != width or (not signed and value < 0 and "off" not in name) or (limit and abs(value) > limit):
        allowed = f"at most {limit:g} degrees" if limit else f"{width} characters, {decimals} of them decimals"
        raise OptionError(f"RPC00B {name.upper()}: got {value:g}, expected {allowed}")
    return text


def _scientific(name: str, value: float) -> str:
    """±d.ddddddE±d; values below 1e-9 have leading zeros, as far as the digits reach."""
    if abs(value) > _LARGEST:
        raise OptionError(f"RPC00B {name}: got {value:g}, expected at most 9.999999E+9")
    mantissa, _, exponent = f"{value:+.6E}".partition("E")
    power = int(exponent)
    if power < _SMALLEST_EXPONENT:
        mantissa, power = f"{value * 10.0**-_SMALLEST_EXPONENT:+.6f}", _SMALLEST_EXPONENT
    if not float(mantissa):
        mantissa, power = "+0.000000", 0
    return f"{mantissa}E{power:+d}"


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{name.upper()}: got {value!r}, expected a number") from None
