"""Errors and warnings, each on one line of standard error."""

from __future__ import annotations

import sys
import threading
import warnings
from typing import Any

COMMAND = "osml-io"
"""The name of the command."""

CANCELLED = 130
"""The exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""

_source = threading.local()


def set_source(name: str) -> None:
    """Names the file that the following warnings of this thread are about."""
    _source.name = name


def error_line(error: BaseException, name: str = "") -> None:
    """Reports an error, after the name of its file unless the text has it."""
    _line(_named(_text(error), name))


def warning_line(text: str) -> None:
    """Reports a warning about the file of this thread."""
    _line(f"warning: {_named(text, getattr(_source, 'name', ''))}")


def use_one_line_warnings(quiet: bool) -> None:
    """Makes Python's warnings lines without a place in the code, or nothing."""

    def show(message: Any, *_: Any, **__: Any) -> None:
        warning_line(" ".join(str(message).split()))

    warnings.simplefilter("ignore" if quiet else "always")
    warnings.showwarning = show


def _text(error: BaseException) -> str:
    """The message of an error in one line."""
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{error.filename}: "
        return f"{name}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _named(text: str, name: str) -> str:
    return text if not name or name in text else f"{name}: {text}"


def _line(text: str) -> None:
    if sys.stderr is not None:
        print(f"{COMMAND}: {text}", file=sys.stderr, flush=True)
