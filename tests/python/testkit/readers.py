"""The contents of a file as independent software (tifffile, rasterio, Pillow) reads them, in our shape: (bands, rows,
columns)."""
import json
from pathlib import Path

import numpy as np
import rasterio
import tifffile
from PIL import Image


def tifffile_pixels(path, page=0):
    with tifffile.TiffFile(path) as tif:
        found = tif.pages[page]
        return _bands_first(found.asarray(), found.axes)


def tiff_tags(path, page=0):
    """Tag number → value as tifffile parses it (enumerations as plain numbers)."""
    with tifffile.TiffFile(path) as tif:
        return {tag.code: _plain(tag.value) for tag in tif.pages[page].tags.values()}


def tiff_tag_types(path, page=0):
    """Tag number → (TIFF data type code, count)."""
    with tifffile.TiffFile(path) as tif:
        return {tag.code: (int(tag.dtype), tag.count) for tag in tif.pages[page].tags.values()}


def tiff_pages(path):
    with tifffile.TiffFile(path) as tif:
        return len(tif.pages)


def is_bigtiff(path):
    with tifffile.TiffFile(path) as tif:
        return tif.is_bigtiff


def gdal_pixels(path):
    with rasterio.open(path) as src:
        return src.read()


def pillow_pixels(path):
    with Image.open(path) as im:
        array = np.asarray(im)
    return array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0)


def numbers(value):
    """A list of numbers given as a list or as text such as `"[0.5, 0.5, 0.0]"`."""
    if isinstance(value, str):
        value = json.loads(value)
    return [float(v) for v in value]


def listing(folder):
    return sorted(p.name for p in Path(folder).iterdir())


def _bands_first(array, axes):
    axes = axes.replace("I", "")
    if axes == "YX":
        return array[None]
    if axes == "YXS":
        return np.moveaxis(array, 2, 0)
    assert axes == "SYX", axes
    return array


def _plain(value):
    if isinstance(value, np.ndarray):
        value = tuple(value.reshape(-1).tolist())
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value
