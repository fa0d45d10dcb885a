"""Measures ours and the others' in turn, A B A B: other load on the machine affects both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Contender:
    """An action to time. It returns the size of the file it wrote, or `None`."""

    name: str
    action: Callable[[], int | None]
    at_least: float | None = None
    """The ratio that ours must reach over this one; `None` if it is for information."""
    size_limit: float | None = None
    """The maximum ratio of our file's size to this one's."""


@dataclass
class Cell:
    """One comparison."""

    group: str
    name: str
    settings: str
    amount: float
    unit: str
    """The amount of work of one action: `amount` MB, files or windows."""
    ours: Callable[[], int | None]
    others: Sequence[Contender]


@dataclass
class Comparison:
    """The result of another contender against ours."""

    contender: Contender
    ratio: float
    speed: float
    size: int | None

    def missed(self, our_size: int | None) -> list[str]:
        """A line for each number that is missed."""
        name, at_least, limit = self.contender.name, self.contender.at_least, self.contender.size_limit
        lines = []
        if at_least is not None and self.ratio < at_least:
            lines.append(f"{self.ratio:.2f} × {name}, wanted {at_least:g} ×")
        if limit is not None and our_size and self.size and our_size > limit * self.size:
            lines.append(f"file {our_size / self.size:.4f} of {name}'s, at most {limit:g}")
        return lines


@dataclass
class Result:
    """The result of a cell."""

    cell: Cell
    speed: float
    size: int | None
    comparisons: list[Comparison] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def missed(self) -> list[str]:
        """A line for each number that is missed."""
        return [line for one in self.comparisons for line in one.missed(self.size)]


def measure(cell: Cell, rounds: int) -> Result:
    """Runs a cell: one round to warm up, then `rounds`, each contender once in each. A ratio is the median of the rounds'
    ratios."""
    contenders, missing = [], []
    size = cell.ours()
    sizes: dict[str, int | None] = {}
    for contender in cell.others:
        try:
            sizes[contender.name] = contender.action()
            contenders.append(contender)
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the others are still compared
            missing.append(f"{contender.name}: {type(error).__name__}: {error}")
    own: list[float] = []
    theirs: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        own.append(seconds(cell.ours))
        for contender in contenders:
            theirs[contender.name].append(seconds(contender.action))
    result = Result(cell, cell.amount / statistics.median(own), size, missing=missing)
    for contender in contenders:
        times = theirs[contender.name]
        ratio = statistics.median(other / ours for other, ours in zip(times, own, strict=True))
        speed = cell.amount / statistics.median(times)
        result.comparisons.append(Comparison(contender, ratio, speed, sizes[contender.name]))
    return result


def seconds(action: Callable[[], object]) -> float:
    """The duration of the action."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
