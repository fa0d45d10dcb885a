"""`osml-io info`: describes files from their headers; no pixel is decoded."""

from __future__ import annotations

import argparse
import os
from typing import Any

from .._io import IO, ImageAssetProvider
from ._arguments import source
from ._messages import error_line, set_source


def parser(of: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the arguments."""
    of.add_argument("files", metavar="FILE", nargs="+", help="path, or - for standard input")
    of.add_argument("--json", action="store_true", help="one JSON object on one line for each file")
    of.add_argument("--metadata", action="store_true", help="also the metadata of the file and of its assets")
    return of


def run(arguments: argparse.Namespace, _: argparse.ArgumentParser) -> int:
    """Describes each file; one that cannot be read does not stop the others."""
    failed = 0
    for name in arguments.files:
        set_source(name)
        try:
            facts = describe(name, arguments.metadata)
        except Exception as error:
            if arguments.traceback:
                raise
            error_line(error, name)
            failed += 1
            continue
        if arguments.json:
            import json

            print(json.dumps(plain(facts), ensure_ascii=False, allow_nan=False))
        else:
            print("\n".join(lines(facts)))
    return 1 if failed else 0


def describe(name: str, metadata: bool = False) -> dict[str, Any]:
    """The facts of a file and of its assets, by name."""
    with IO.open(source(name), "r") as reader:
        facts: dict[str, Any] = {"path": name, "format": reader.format}
        if name != "-":
            facts["bytes"] = os.path.getsize(name)
        if metadata:
            facts["metadata"] = reader.metadata.entries()
        facts["assets"] = [_asset(reader.get_asset(key), metadata) for key in reader]
    return facts


def _asset(asset: Any, metadata: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "key": asset.key,
        "type": asset.asset_type.value,
        "title": asset.title,
        "description": asset.description,
        "roles": list(asset.roles),
        "media_type": asset.media_type,
    }
    if isinstance(asset, ImageAssetProvider):
        facts |= {
            "width": asset.num_columns,
            "height": asset.num_rows,
            "bands": asset.num_bands,
            "dtype": asset.pixel_value_type.value,
            "bits": asset.actual_bits_per_pixel,
            "block_size": [asset.num_pixels_per_block_horizontal, asset.num_pixels_per_block_vertical],
            "resolution_levels": asset.num_resolution_levels,
            "compression": asset.compression,
            "crs": asset.crs,
            "transform": asset.transform,
            "corners": asset.corners,
            "nodata": asset.nodata,
        }
    if metadata:
        facts["metadata"] = asset.metadata.entries()
    return facts


def plain(value: Any) -> Any:
    """A value as JSON has it: bytes become Base64, and numbers that JSON lacks become text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        import base64

        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def lines(facts: dict[str, Any]) -> list[str]:
    """The facts as text."""
    size = f", {facts['bytes']} bytes" if "bytes" in facts else ""
    out = [f"{facts['path']}: {facts['format']}{size}", *_entries(facts.get("metadata"), "  ")]
    for asset in facts["assets"]:
        roles = f" ({', '.join(asset['roles'])})" if asset["roles"] else ""
        out.append(f"  {asset['key']}{roles}" + (f": {_size(asset)}" if "width" in asset else f": {asset['media_type']}"))
        out.extend(f"    {name}: {text}" for name, text in _facts(asset) if text)
        out.extend(_entries(asset.get("metadata"), "    "))
    return out


def _size(asset: dict[str, Any]) -> str:
    bands = "1 band" if asset["bands"] == 1 else f"{asset['bands']} bands"
    return f"{asset['width']} × {asset['height']}, {bands} of {asset['dtype']}"


def _facts(asset: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [("title", asset["title"]), ("description", asset["description"])]
    if "width" not in asset:
        return facts

    def numbers(values: Any) -> str:
        return ", ".join(f"{value:.12g}" for value in values or ())

    corners = " ".join(f"({numbers(corner)})" for corner in asset["corners"] or ())
    return [
        *facts,
        ("blocks", " × ".join(map(str, asset["block_size"]))),
        ("compression", asset["compression"]),
        ("resolution levels", str(asset["resolution_levels"])),
        ("crs", asset["crs"] or ""),
        ("transform", numbers(asset["transform"])),
        ("corners", corners),
        ("nodata", "" if asset["nodata"] is None else str(asset["nodata"])),
    ]


def _entries(metadata: dict[str, Any] | None, indent: str) -> list[str]:
    def short(value: Any) -> str:
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        text = str(value)
        return text if len(text) <= 200 else f"{text[:200]} …"

    return [f"{indent}{key} = {short(value)}" for key, value in (metadata or {}).items()]
