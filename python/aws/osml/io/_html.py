"""The notebook views of an image, with a thumbnail, and of a reader."""

from __future__ import annotations

import base64
import io
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ._convenience import imsave
from ._errors import Error
from ._facts import cells, framed, image_facts, table
from ._io import DatasetReader, ImageAssetProvider

# The longer side of a thumbnail, and the limit of pixels read to make one.
_SIDE = 256
_MOST_PIXELS = 1 << 24

# The assets of a file that are listed.
_MOST_ASSETS = 50


def describe(image: ImageAssetProvider) -> str:
    """HTML of an image: its facts and a thumbnail."""
    picture = _thumbnail(image)
    shown = f'<img alt="" src="data:image/png;base64,{picture}"/>' if picture else ""
    return table(image.key, image_facts(image), shown)


def describe_reader(reader: DatasetReader) -> str:
    """HTML of a reader: its assets with their facts; no pixel is decoded."""
    names = ["key", "type", "roles", "size", "compression", "crs"]
    rows = ["".join(f"<th>{name}</th>" for name in names)]
    for key in islice(reader, _MOST_ASSETS):
        asset = reader.get_asset(key)
        facts = image_facts(asset) if isinstance(asset, ImageAssetProvider) else {}
        known = {"key": key, "type": asset.asset_type.name, "roles": ", ".join(asset.roles), **facts}
        rows.append(cells(known.get(name, "") for name in names))
    if len(reader) > _MOST_ASSETS:
        rows.append(cells([f"… ({len(reader)} in all)"]))
    return framed(f"{reader.format}, {len(reader)} assets", rows)


def _thumbnail(image: ImageAssetProvider) -> str | None:
    """A small PNG in base 64; `None` if the image is too large to read for it, or cannot be read."""
    level = 0
    while level + 1 < image.num_resolution_levels and max(image.level_shape(level + 1)[1:]) >= _SIDE:
        level += 1
    _, rows, columns = image.level_shape(level)
    if rows * columns > _MOST_PIXELS:
        return None
    try:
        pixels = image.read(bands=[0, 1, 2] if image.num_bands >= 3 else [0], resolution_level=level)
    except Error:
        return None
    step = -(-max(rows, columns) // _SIDE)
    stream = io.BytesIO()
    imsave(stream, _to_bytes(pixels[:, ::step, ::step]), format="png")
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _to_bytes(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Pixels stretched to 0–255 between the smallest and the largest value."""
    if pixels.dtype == np.uint8:
        return pixels
    values = (np.abs(pixels) if np.iscomplexobj(pixels) else pixels).astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (255.0 / ((high - low) or 1.0))
    return scaled.astype(np.uint8)
