"""The profile of an image in the words of rasterio, and these words as arguments of `imsave`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np

from ._errors import MetadataWarning, OptionError
from ._facts import block_size

_DRIVERS = {
    "gtiff": "tiff",
    "cog": "tiff",
    "nitf": "nitf",
    "png": "png",
    "jpeg": "jpeg",
    "jp2openjpeg": "jp2",
    "jp2ecw": "jp2",
    "jp2kak": "jp2",
    "jp2mrsid": "jp2",
}
_FORMATS = {"tiff": "GTiff", "nitf": "NITF", "nsif": "NITF", "png": "PNG", "jpeg": "JPEG", "jp2": "JP2OpenJPEG", "j2k": "JP2OpenJPEG"}
_PHOTOMETRICS = {"miniswhite": 0, "minisblack": 1, "rgb": 2, "palette": 3, "cmyk": 5, "ycbcr": 6, "cielab": 8}
# Formats whose profile names the only coding that they have.
_OWN_CODINGS = (("jpeg", "jpeg"), ("jp2", "jpeg2000"))
_TRUE, _FALSE = ("yes", "true", "on", "1"), ("no", "false", "off", "0")
_STRIP_BYTES = 64 << 10


class Profile(TypedDict, total=False):
    """The words of rasterio that `imsave` understands beside its own arguments. Their case does not matter."""

    driver: str
    dtype: Any
    count: int
    width: int
    height: int
    blockxsize: int
    blockysize: int
    tiled: Any
    compress: str | None
    interleave: str
    predictor: Any
    photometric: str
    alpha: Any
    zlevel: Any
    zstd_level: Any
    jpeg_quality: Any
    num_threads: Any
    BIGTIFF: str
    bigtiff: str


def profile_of(image: Any) -> dict[str, Any]:
    """The profile of an image (`ImageAssetProvider` or `ImageInfo`): `imsave(path, array, **profile)` writes alike."""
    format: str = image._format if hasattr(image, "_format") else image.format
    width, height = block_size(image)
    bands, rows, columns = image.shape
    profile = {
        "driver": _FORMATS.get(format, format or "GTiff"),
        "dtype": np.dtype(image.dtype).name,
        "nodata": image.nodata,
        "width": columns,
        "height": rows,
        "count": bands,
        "crs": image.crs,
        "transform": _affine(image.transform),
    }
    if format != "tiff":
        return profile
    planar = image.metadata.get("284", 1)
    is_tiled = "322" in image.metadata
    profile |= {"blockxsize": width, "blockysize": height, "tiled": is_tiled, "interleave": "band" if planar == 2 else "pixel"}
    return profile | {"compress": image.compression}


def settings_of(words: Mapping[str, Any], given: Mapping[str, Any], data: Any) -> dict[str, Any]:
    """Arguments of `imsave` for words of rasterio. `given` are those that the caller passed.

    Raises:
        TypeError: For a word that is unknown.
        OptionError: A `ValueError`, for a value that is wrong, contradicts an argument, or is not that of the data.
    """
    words = {name.lower(): value for name, value in words.items()}
    for name in words:
        if name not in _WORDS:
            raise TypeError(
                f"imsave() got an unexpected keyword argument {name!r}, expected one of its own or a word of rasterio: "
                f"{', '.join(sorted(_WORDS))}"
            )
    _check_shape(words, data)
    found: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if words.get("driver") is not None:
        found["format"] = _DRIVERS.get(str(words["driver"]).lower())
        if found["format"] is None:
            raise OptionError(f"driver: got {words['driver']!r}, expected GTiff, COG, NITF, PNG, JPEG or JP2OpenJPEG")
        if str(words["driver"]).lower() == "cog":
            found["cog"] = True
    format = given.get("format") or found.get("format")
    compress = None if words.get("compress") is None else str(words["compress"]).lower()
    if compress == "jpeg2000" and format == "nitf":
        found["compression"] = "j2k"
    elif compress is not None and (format, compress) not in _OWN_CODINGS:
        found["compression"] = compress
    if words.get("jpeg_quality") is not None:
        found["quality"] = float(words["jpeg_quality"])
    threads = words.get("num_threads")
    if threads is not None and str(threads).upper() != "ALL_CPUS":
        found["threads"] = int(threads)
    _layout(words, data, format, found, metadata)
    if format in (None, "tiff"):
        _tags(words, metadata)
    for name, value in found.items():
        if given.get(name) not in (None, False, value):
            raise OptionError(f"{name}: got {given[name]!r} and {value!r} in the words of the profile, expected one of them")
    return {**found, "metadata": metadata}


def _check_shape(words: Mapping[str, Any], data: Any) -> None:
    shape = tuple(np.shape(data)) if not hasattr(data, "shape") else tuple(data.shape)
    bands, rows, columns = shape if len(shape) == 3 else (1, *shape) if len(shape) == 2 else (None, None, None)
    for name, actual in (("count", bands), ("height", rows), ("width", columns)):
        if words.get(name) is not None and actual is not None and int(words[name]) != actual:
            raise OptionError(f"{name}: got {words[name]}, expected {actual}, that of the data of shape {shape}")
    dtype = getattr(data, "dtype", None)
    if words.get("dtype") is not None and dtype is not None and np.dtype(words["dtype"]) != np.dtype(dtype).newbyteorder("="):
        raise OptionError(f"dtype: got {np.dtype(words['dtype'])}, expected {dtype}, that of the data; array.astype(dtype) converts it")


def _layout(words: Mapping[str, Any], data: Any, format: str | None, found: dict[str, Any], metadata: dict[str, Any]) -> None:
    width, height, tiled = words.get("blockxsize"), words.get("blockysize"), words.get("tiled")
    is_tiled = width is not None and height is not None if tiled is None else _truth("tiled", tiled)
    if format in ("png", "jpeg", "jp2"):
        return
    if is_tiled and (width is not None or height is not None):
        found["block_size"] = (int(width or height or 0), int(height or width or 0))
    elif tiled is not None and not is_tiled and format in (None, "tiff"):
        shape, itemsize = data.shape, np.dtype(getattr(data, "dtype", "u1")).itemsize
        row = int(shape[-1]) * itemsize * (int(shape[0]) if len(shape) == 3 else 1)
        metadata["278"] = int(height) if height is not None else max(1, min(int(shape[-2]), _STRIP_BYTES // row))


def _tags(words: Mapping[str, Any], metadata: dict[str, Any]) -> None:
    """Tags of TIFF, and hints for its writer."""
    if words.get("interleave") is not None:
        orders = {"pixel": 1, "band": 2}
        metadata["284"] = _one_of("interleave", words["interleave"], orders)
    if words.get("predictor") is not None:
        metadata["317"] = _one_of("predictor", words["predictor"], {"1": 1, "2": 2, "3": 3})
    if words.get("photometric") is not None:
        metadata["262"] = _one_of("photometric", words["photometric"], _PHOTOMETRICS)
    if words.get("alpha") is not None:
        metadata["338"] = _one_of("alpha", words["alpha"], {"unspecified": 0, "no": 0, "premultiplied": 1, "yes": 2, "non-premultiplied": 2})
    for name in ("zlevel", "zstd_level"):
        if words.get(name) is not None:
            metadata["CompressionLevel"] = int(words[name])
    if words.get("bigtiff") is not None:
        choice = _one_of("BIGTIFF", words["bigtiff"], {name: name for name in ("yes", "no", "if_needed", "if_safer")})
        if choice in ("yes", "no"):
            warnings.warn(f"BIGTIFF {choice.upper()}: the real size of the file decides", MetadataWarning, stacklevel=5)


def _one_of(name: str, value: Any, choices: Mapping[str, Any]) -> Any:
    try:
        return choices[str(value).lower()]
    except KeyError:
        raise OptionError(f"{name}: got {value!r}, expected {', '.join(choices)}") from None


def _truth(name: str, value: Any) -> bool:
    text = str(value).lower()
    if text not in (*_TRUE, *_FALSE):
        raise OptionError(f"{name}: got {value!r}, expected True or False")
    return text in _TRUE


def _affine(six: tuple[float, ...] | None) -> Any:
    """An `Affine` if its package is there, as in a profile of rasterio; else GDAL's six numbers."""
    try:
        from affine import Affine
    except ImportError:
        return six
    return None if six is None else Affine.from_gdal(*six)


_WORDS = {name.lower() for name in Profile.__annotations__}
