"""Arguments that several subcommands have, and the streams for `-`."""

from __future__ import annotations

import argparse
import sys
from typing import Any, BinaryIO, Union

STREAM = "-"
"""Stands for standard input or output."""


def numbers(text: str) -> list[int]:
    """`1,2,3` as integers."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected integers with commas between them") from None


def window(text: str) -> tuple[int, ...]:
    """`X,Y,W,H` as four integers."""
    found = tuple(numbers(text))
    if len(found) != 4:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected X,Y,WIDTH,HEIGHT")
    return found


def block_size(text: str) -> int | tuple[int, ...]:
    """`W,H`, or one number for squares."""
    found = tuple(numbers(text.replace("x", ",")))
    if len(found) > 2:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected WIDTH,HEIGHT or one number")
    return found[0] if len(found) == 1 else found


def entry(text: str) -> tuple[str, str]:
    """`KEY=VALUE` as a pair."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected KEY=VALUE")
    return key, value


def add_coding(parser: argparse.ArgumentParser) -> None:
    """The arguments of how pixels are stored."""
    parser.add_argument("--format", metavar="NAME", help="format of the target; by default its extension decides")
    parser.add_argument("--compression", metavar="NAME", help="compression of the format, such as deflate or j2k")
    parser.add_argument("--block-size", metavar="W,H", type=block_size, help="size of blocks; one number for squares")
    parser.add_argument("--quality", metavar="Q", type=float, help="JPEG: 1 to 100; JPEG 2000: bits per pixel and band")
    parser.add_argument(
        "--metadata", metavar="KEY=VALUE", type=entry, action="append", help="an entry in place of that of the image"
    )


def add_part(parser: argparse.ArgumentParser, needs_window: bool = False) -> None:
    """The arguments of what is read."""
    parser.add_argument("--asset", metavar="KEY", help="key of the image, such as image:1")
    parser.add_argument(
        "--window", metavar="X,Y,W,H", type=window, required=needs_window, help="part of the image in pixels of the level"
    )
    parser.add_argument("--bands", metavar="N,…", type=numbers, help="bands, counted from 0, in the order wanted")
    parser.add_argument(
        "--level", metavar="N", dest="resolution_level", type=int, default=0, help="resolution level; each halves the size"
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The number of threads."""
    parser.add_argument("--threads", metavar="N", type=int, help="threads for a file; by default the number of cores")


def chosen(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The values of these arguments by name, as far as there are any."""
    values = {name: getattr(arguments, name) for name in names if getattr(arguments, name, None) is not None}
    if "metadata" in values:
        values["metadata"] = dict(values["metadata"])
    return values


CODING = ("format", "compression", "block_size", "quality", "metadata", "threads")
PART = ("asset", "window", "bands", "resolution_level")


def source(name: str) -> Union[str, BinaryIO]:
    """A path, or standard input for `-`."""
    return sys.stdin.buffer if name == STREAM else name


def target(name: str) -> Union[str, BinaryIO]:
    """A path, or standard output for `-`."""
    return sys.stdout.buffer if name == STREAM else name
