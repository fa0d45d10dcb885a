"""Facts of an image as an HTML table, for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any


def image_facts(image: Any) -> dict[str, str]:
    """The facts of an image (`ImageAssetProvider` or `ImageInfo`) as text, by their names."""
    bands, rows, columns = image.shape
    width, height = block_size(image)
    return {
        "size": f"{columns} × {rows}, {bands} bands of {image.dtype}",
        "blocks": f"{width} × {height}",
        "resolution levels": str(image.num_resolution_levels),
        "compression": image.compression,
        "crs": image.crs or "",
        "nodata": "" if image.nodata is None else str(image.nodata),
    }


def block_size(image: Any) -> tuple[int, int]:
    """(width, height) of a block of an image (`ImageAssetProvider` or `ImageInfo`)."""
    if hasattr(image, "block_size"):
        width, height = image.block_size
        return width, height
    return image.num_pixels_per_block_horizontal, image.num_pixels_per_block_vertical


def table(title: str, facts: Mapping[str, str], picture: str = "") -> str:
    """A table of names and texts under a title; empty texts are left out. `picture` is HTML that follows it."""
    rows = ((f"<th>{html.escape(name)}</th>", cells([text])) for name, text in facts.items() if text)
    return framed(title, (head + cell for head, cell in rows), picture)


def cells(texts: Iterable[str]) -> str:
    """The cells of a row."""
    return "".join(f"<td>{html.escape(text)}</td>" for text in texts)


def framed(title: str, rows: Iterable[str], picture: str = "") -> str:
    """Rows, which are HTML, as a table under a title."""
    lines = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><b>{html.escape(title)}</b><table>{lines}</table>{picture}</div>"
