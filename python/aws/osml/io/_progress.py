"""The argument `progress`, and a bar for terminals."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ._typing import Progress

WIDTH = 30
INTERVAL = 0.1
"""Seconds between changes of the bar."""


class Bar:
    """A progress bar on one line of a terminal, which a report (done, total) moves. It is removed at the end of the context."""

    def __init__(self, stream: TextIO, label: str = "") -> None:
        self.stream = stream
        self.label = label
        self.started = time.monotonic()
        self.shown = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Shows the share that is done, unless the bar has just changed."""
        now = time.monotonic()
        if now - self.shown < INTERVAL:
            return
        self.shown = now
        share = done / total if total else 1.0
        filled = "█" * int(share * WIDTH)
        line = f"{self.label}{share:4.0%} {filled:░<{WIDTH}} {now - self.started:.0f} s"
        self.stream.write(f"\r{line}\x1b[K")
        self.stream.flush()

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: Any) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def bar(progress: Progress | bool | None, label: str = "") -> AbstractContextManager[Progress | None]:
    """A context with the function that receives progress: for True, a bar on standard error if that is a terminal."""
    if progress is True:
        return Bar(sys.stderr, label) if is_terminal(sys.stderr) else nullcontext()
    return nullcontext(progress or None)


def is_terminal(stream: Any) -> bool:
    """True for a terminal; standard streams can be None."""
    return stream is not None and stream.isatty()
