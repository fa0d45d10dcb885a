"""The rational polynomials of RPC00B and RPC00A: from ground to image coordinates and back.

STDI-0002-1 App E (RPC00B). RPC00A has the same fields, but its polynomials have another order of terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from .._errors import Error, OptionError
from . import _rpc_forms
from ._mapping import Array, ChipMapping, Number
from ._polynomials import TERMS, derivative, terms
from ._views import FieldNotFoundError, all_values, near_names

# The error in pixels at which an inverse counts as found, and the limit of steps. Each step of Newton's method doubles the
# digits: for the polynomials of a real sensor, four or five are enough.
_TOLERANCE = 1e-6
_STEPS = 40

# Points per batch. The intermediate arrays of a batch fit in the cache.
_PART = 4096

# The keys of the tag of a TIFF.
_TIFF_TAGS = ("50844", "RPCCoefficient")


class ConvergenceError(Error, ValueError):
    """No ground point was found for some image points; the message describes the first of them."""

    indices: npt.NDArray[np.intp]
    """The indices of these points in the flattened arrays."""
    distances: Array
    """The error of each of these points in pixels."""


@dataclass(frozen=True)
class RPC:
    """A sensor model of rational polynomials, as in RPC00B.

    With `L = (longitude - long_off) / long_scale`, `P` and `H` likewise of latitude and height, and 20 coefficients each for
    the terms 1, L, P, H, LP, LH, PH, L², P², H², PLH, L³, LP², LH², L²P, P³, PH², L²H, P²H, H³:

        row    = line_off + line_scale * line_num_coeff(L, P, H) / line_den_coeff(L, P, H)
        column = samp_off + samp_scale * samp_num_coeff(L, P, H) / samp_den_coeff(L, P, H)

    Angles are degrees on WGS 84, heights metres above the ellipsoid. Rows and columns count from 0 at the centre of the first
    pixel. GDAL counts from the edge of that pixel, so its coordinates are half a pixel larger. The model applies to the full
    image. For an image with an ICHIPB, which is part of the full image, `chipped` returns the model in its own pixels.

    Raises:
        OptionError: A `ValueError`, for a number of coefficients other than 20, for numbers that are not finite, and for scales
            of 0.
    """

    line_off: float
    samp_off: float
    lat_off: float
    long_off: float
    height_off: float
    line_scale: float
    samp_scale: float
    lat_scale: float
    long_scale: float
    height_scale: float
    line_num_coeff: tuple[float, ...]
    line_den_coeff: tuple[float, ...]
    samp_num_coeff: tuple[float, ...]
    samp_den_coeff: tuple[float, ...]
    err_bias: float | None = None
    """The bias error in metres; None if unknown."""
    err_rand: float | None = None
    """The random error in metres; None if unknown."""

    def __post_init__(self) -> None:
        for name in _rpc_forms.NUMBERS:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _finite(name, value))
        for name in _rpc_forms.POLYNOMIALS:
            numbers = tuple(_finite(name, value) for value in getattr(self, name))
            if len(numbers) != TERMS:
                raise OptionError(f"{name}: got {len(numbers)} coefficients, expected {TERMS}")
            object.__setattr__(self, name, numbers)
        for name in _rpc_forms.NUMBERS:
            if name.endswith("_scale") and getattr(self, name) == 0:
                raise OptionError(f"{name}: got 0, expected any other number")

    @overload
    def project(self, lon: float, lat: float, h: float) -> tuple[float, float]: ...
    @overload
    def project(self, lon: npt.ArrayLike, lat: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Array, Array]: ...
    def project(self, lon: npt.ArrayLike, lat: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Number, Number]:
        """The image points of ground points.

        Args:
            lon: Longitudes in degrees; on either side of the antimeridian.
            lat: Latitudes in degrees.
            h: Heights above the ellipsoid in metres. The three may be numbers or arrays that broadcast.

        Returns:
            Rows and columns: numbers for numbers, else arrays of the common shape. Points outside of the image are computed
            too, but the polynomials lose accuracy there.
        """
        (lons, lats, heights), shape = _flat(lon, lat, h)
        rows, columns = np.empty_like(lons), np.empty_like(lons)
        for part in _parts(lons.size):
            x, y, z = self._normalized(lons[part], lats[part], heights[part])
            line, line_den, sample, sample_den = self._coefficients[:4] @ terms(x, y, z)
            rows[part] = self.line_off + self.line_scale * (line / line_den)
            columns[part] = self.samp_off + self.samp_scale * (sample / sample_den)
        return _shaped(rows, shape), _shaped(columns, shape)

    @overload
    def locate(self, row: float, col: float, h: float) -> tuple[float, float]: ...
    @overload
    def locate(self, row: npt.ArrayLike, col: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Array, Array]: ...
    def locate(self, row: npt.ArrayLike, col: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Number, Number]:
        """The ground points of image points at the given heights.

        This is the inverse of `project`, found by Newton's method from the centre of the model. `project` maps the results
        back to within 1e-6 pixels.

        Args:
            row: Rows.
            col: Columns.
            h: Heights above the ellipsoid in metres. The three may be numbers or arrays that broadcast.

        Returns:
            Longitudes, between -180 and 180, and latitudes, in degrees: numbers for numbers, else arrays of the common shape.
            NaN gives NaN.

        Raises:
            ConvergenceError: A `ValueError`, if no ground point is found for some image points. No results are returned.
        """
        (rows, columns, heights), shape = _flat(row, col, h)
        lons, lats, off = np.empty_like(rows), np.empty_like(rows), np.empty_like(rows)
        for part in _parts(rows.size):
            x, y, off[part] = self._inverse(rows[part], columns[part], heights[part])
            lons[part] = self.long_off + self.long_scale * x
            lats[part] = self.lat_off + self.lat_scale * y
        missing = np.flatnonzero(~(off <= _TOLERANCE) & ~np.isnan(rows + columns + heights))
        if missing.size:
            raise _not_found(missing, off, (rows, columns, heights), shape)
        lons = np.where(np.abs(lons) > 180, (lons + 180) % 360 - 180, lons)
        return _shaped(lons, shape), _shaped(lats, shape)

    def chipped(self, mapping: ChipMapping) -> ChippedRPC:
        """The same model in the rows and columns of a chip. `mapping` describes the chip; see `ichipb`."""
        return ChippedRPC(self, mapping)

    def to_gdal(self) -> dict[str, str]:
        """The RPC metadata of GDAL: `LINE_OFF`, `SAMP_OFF` … and `LINE_NUM_COEFF` … as numbers separated by blanks.

        `rasterio.rpc.RPC.from_gdal` accepts it unchanged. Every number is written with all its digits.
        """
        return _rpc_forms.to_gdal(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """The fields by their names, as the method of that name of `rasterio.rpc.RPC`: numbers, lists of 20 coefficients,
        and None for an unknown error. `from_gdal` accepts it."""
        return _rpc_forms.to_dict(vars(self))

    @classmethod
    def from_gdal(cls, metadata: Any) -> RPC:
        """The model of GDAL's RPC metadata.

        Args:
            metadata: A mapping like that of `to_gdal` or `to_dict`. The case of keys does not matter, and other keys are
                ignored. Numbers may be text or numbers, coefficients text with blanks or sequences. Or an object with
                `to_gdal()`, such as `rasterio.rpc.RPC`.

        Raises:
            OptionError: A `ValueError`, for a missing key and for a value that is not a number.
        """
        return cls(**_rpc_forms.from_gdal(metadata))

    def to_tre(self) -> dict[str, Any]:
        """The fields of an RPC00B, in their exact widths: `metadata["RPC00B"] = model.to_tre()`.

        Offsets and scales are rounded to the precision of their fields: whole pixels, 0.0001 degrees, whole metres. The
        polynomials are adjusted to keep the model the same. The remaining error is that of a coefficient's seven digits: at
        most a millionth of the image's size. Unknown errors are written as 0.

        Raises:
            OptionError: A `ValueError`, for a number that its field cannot hold.
        """
        return _rpc_forms.to_tre(vars(self))

    def to_tag(self) -> list[float]:
        """The 92 numbers of the tag RPCCoefficient of a TIFF, with all digits: `metadata["50844"] = model.to_tag()`.

        Unknown errors are -1.
        """
        return _rpc_forms.to_tag(vars(self))

    @cached_property
    def _coefficients(self) -> Array:
        """The coefficients of the four polynomials and of their derivatives with respect to L and P, in twelve rows."""
        rows = np.array([getattr(self, name) for name in _rpc_forms.POLYNOMIALS])
        return np.vstack([rows, derivative(rows, 0), derivative(rows, 1)])

    def _normalized(
        self, lons: Array, lats: Array, heights: Array
    ) -> tuple[Array, ...]:
        east = lons - self.long_off
        # A model on the antimeridian has longitudes of both signs; the limits are those of GDAL.
        east = np.where(east > 270, east - 360, np.where(east < -270, east + 360, east))
        north, up = lats - self.lat_off, heights - self.height_off
        return east / self.long_scale, north / self.lat_scale, up / self.height_scale

    def _inverse(
        self, rows: Array, columns: Array, heights: Array
    ) -> tuple[Array, ...]:
        """Normalized longitudes and latitudes, and the errors of their projections in pixels."""
        line, sample = (rows - self.line_off) / self.line_scale, (columns - self.samp_off) / self.samp_scale
        up = (heights - self.height_off) / self.height_scale
        unknown = np.isnan(rows + columns + heights)
        x, y, off = np.where(unknown, np.nan, 0.0), np.where(unknown, np.nan, 0.0), np.full_like(rows, np.nan)
        active = np.flatnonzero(~unknown)
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                values = self._coefficients @ terms(x[active], y[active], up[active])
                num, den = values[0:12:2], values[1:12:2]
                # Rows of `quotient`: line, sample. Rows of `slope`: line and sample with respect to L, then to P.
                quotient = num[:2] / den[:2]
                slope = (num[2:] - np.tile(quotient, (2, 1)) * den[2:]) / np.tile(den[:2], (2, 1))
                rest = np.stack([line[active], sample[active]]) - quotient
                off[active] = np.hypot(rest[0] * self.line_scale, rest[1] * self.samp_scale)
                determinant = slope[0] * slope[3] - slope[2] * slope[1]
                step = np.stack([rest[0] * slope[3] - rest[1] * slope[2], rest[1] * slope[0] - rest[0] * slope[1]])
                step /= determinant
                # Far from the solution a step may overshoot. It is limited to half of the model's extent.
                step /= np.maximum(1.0, np.hypot(*step))
                moved = np.isfinite(step).all(axis=0)
                x[active] += np.where(moved, step[0], 0)
                y[active] += np.where(moved, step[1], 0)
                # One more step was made after the tolerance was met, so the result is far better than the tolerance.
                active = active[(off[active] > _TOLERANCE) & moved]
                if not active.size:
                    break
        return x, y, off


@dataclass(frozen=True)
class ChippedRPC:
    """A sensor model in the pixels of a chip; see `RPC.chipped`."""

    full: RPC
    """The model of the full image."""
    mapping: ChipMapping
    """From the chip to the full image."""

    @overload
    def project(self, lon: float, lat: float, h: float) -> tuple[float, float]: ...
    @overload
    def project(self, lon: npt.ArrayLike, lat: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Array, Array]: ...
    def project(self, lon: npt.ArrayLike, lat: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Number, Number]:
        """The chip points of ground points; see `RPC.project`."""
        return self.mapping.from_full(*self.full.project(lon, lat, h))

    @overload
    def locate(self, row: float, col: float, h: float) -> tuple[float, float]: ...
    @overload
    def locate(self, row: npt.ArrayLike, col: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Array, Array]: ...
    def locate(self, row: npt.ArrayLike, col: npt.ArrayLike, h: npt.ArrayLike) -> tuple[Number, Number]:
        """The ground points of chip points; see `RPC.locate`."""
        return self.full.locate(*self.mapping.to_full(row, col), h)

    def to_rpc(self) -> RPC:
        """An equivalent `RPC` in the pixels of the chip, for software that does not support ICHIPB.

        Raises:
            OptionError: A `ValueError`, if the chip is turned or skewed against the full image, which would need other
                polynomials.
        """
        (row_scale, row_off), (column_scale, column_off) = self.mapping.scales_and_offsets()
        return replace(
            self.full,
            line_off=(self.full.line_off - row_off) / row_scale,
            line_scale=self.full.line_scale / row_scale,
            samp_off=(self.full.samp_off - column_off) / column_scale,
            samp_scale=self.full.samp_scale / column_scale,
        )


def rpc(metadata: Mapping[str, Any]) -> RPC:
    """The sensor model of an image: its RPC00B, or else its RPC00A, or the RPCCoefficient (50844) of a TIFF.

    The rows and columns are those of the full image, even if the image has an ICHIPB. In that case
    `rpc(metadata).chipped(ichipb(metadata))` is the model in the image's own pixels.

    Args:
        metadata: The metadata of the image.

    Raises:
        FieldNotFoundError: A `KeyError`, if there is neither.
        OptionError: A `ValueError`, if a field is blank or SUCCESS marks the coefficients as not valid.
    """
    tag = next((tag for tag in ("RPC00B", "RPC00A", *_TIFF_TAGS) if all_values(metadata, tag)), None)
    if tag is None:
        raise FieldNotFoundError(f"no RPC00B or RPC00A and no RPCCoefficient (50844) in the metadata{near_names('RPC00B', metadata)}")
    if tag in _TIFF_TAGS:
        return RPC(**_rpc_forms.from_tag(all_values(metadata, tag)[0]))
    return RPC(**_rpc_forms.from_tre(tag, all_values(metadata, tag)[0]))


def _finite(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{name}: got {value!r}, expected a number") from None
    if not np.isfinite(number):
        raise OptionError(f"{name}: got {number}, expected a finite number")
    return number


def _flat(*values: npt.ArrayLike) -> tuple[list[Array], tuple[int, ...] | None]:
    """Numbers or arrays as flat arrays of one length, and their common shape; the shape is None if all are numbers."""
    try:
        arrays = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values))
    except ValueError as error:
        raise OptionError(f"coordinates do not fit together: {error}") from None
    shape = None if all(np.ndim(value) == 0 for value in values) else arrays[0].shape
    return [np.ravel(array) for array in arrays], shape


def _shaped(values: Array, shape: tuple[int, ...] | None) -> Number:
    return float(values[0]) if shape is None else values.reshape(shape)


def _parts(size: int) -> list[slice]:
    return [slice(start, start + _PART) for start in range(0, size, _PART)]


def _not_found(
    missing: npt.NDArray[np.intp],
    off: Array,
    points: tuple[Array, ...],
    shape: tuple[int, ...] | None,
) -> ConvergenceError:
    first = missing[0]
    row, column, height = (float(values[first]) for values in points)
    where = "" if shape is None else f", first at {tuple(int(i) for i in np.unravel_index(first, shape))}"
    error = ConvergenceError(
        f"no ground point for {missing.size} of {off.size} image points{where}: row {row}, column {column}, height "
        f"{height} is {off[first]:.3g} pixels off after {_STEPS} steps, expected at most {_TOLERANCE:g}"
    )
    error.indices, error.distances = missing, off[missing]
    return error
