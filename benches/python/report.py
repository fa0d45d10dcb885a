"""The results as Markdown."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import Comparison, Result

BEGIN, END = "<!-- results -->", "<!-- end of results -->"
PEERS = ("tifffile", "imagecodecs", "rasterio", "pillow", "pyvips", "numpy")


@dataclass
class Growth:
    """Growth of the peak memory of a lazy write or a windowed read."""

    name: str
    megabytes: float | None
    seconds: float
    limit: float
    missing: str = ""


def markdown(results: Sequence[Result], growths: Sequence[Growth], broken: Sequence[str], rounds: int) -> str:
    """All tables."""
    parts = [heading(rounds)]
    for group in dict.fromkeys(result.cell.group for result in results):
        rows = [row for result in results if result.cell.group == group for row in rows_of(result)]
        parts.append(f"### {group}\n\n" + table(HEAD, rows))
    if growths:
        rows = [growth_row(growth) for growth in growths]
        parts.append("### Peak memory\n\n" + table(["cell", "growth", "at most", "seconds", "met"], rows))
    notes = [f"- {result.cell.name}: {text}" for result in results for text in result.missing]
    notes += [f"- {text}" for text in broken]
    if notes:
        parts.append("Not compared:\n\n" + "\n".join(notes))
    return "\n\n".join(parts) + "\n"


def heading(rounds: int) -> str:
    """The software versions and the machine."""
    versions = []
    for name in PEERS:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    try:
        import rasterio

        versions.append(f"GDAL {rasterio.__gdal_version__}")
    except ImportError:
        pass
    import ways

    return (
        f"{processor()}, {ways.CPUS} processors, Python {platform.python_version()}; {', '.join(versions)}. "
        f"Medians of {rounds} interleaved rounds; files in memory."
    )


def processor() -> str:
    """The processor's name, if the system reports it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def rows_of(result: Result) -> list[list[str]]:
    """A row for each contender."""
    rows = []
    for i, one in enumerate(result.comparisons):
        contender = one.contender
        first = i == 0
        size = f"{result.size / one.size:.4f}" if result.size and one.size else ""
        if size and contender.size_limit is not None:
            size += f" (≤ {contender.size_limit:g})"
        rows.append(
            [
                result.cell.name if first else "",
                result.cell.settings if first else "",
                speed(result.speed, result.cell.unit) if first else "",
                f"{contender.name} {speed(one.speed, result.cell.unit)}",
                f"**{one.ratio:.2f} ×**",
                "" if contender.at_least is None else f"{contender.at_least:g} ×",
                size,
                met(result, one),
            ]
        )
    return rows or [[result.cell.name, result.cell.settings, speed(result.speed, result.cell.unit), "", "", "", "", ""]]


def met(result: Result, one: Comparison) -> str:
    """Yes, no, or nothing without a target."""
    contender = one.contender
    if contender.at_least is None and contender.size_limit is None:
        return ""
    return "no" if one.missed(result.size) else "yes"


def growth_row(growth: Growth) -> list[str]:
    if growth.megabytes is None:
        return [growth.name, growth.missing, f"{growth.limit:g} MB", "", "no"]
    within = "yes" if growth.megabytes <= growth.limit else "no"
    return [growth.name, f"{growth.megabytes:.1f} MB", f"{growth.limit:g} MB", f"{growth.seconds:.0f}", within]


def speed(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}/s" if value >= 10 else f"{value:.1f} {unit}/s"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def update(page: Path, text: str) -> None:
    """Writes the tables between the markers of a page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


HEAD = ["cell", "settings", "ours", "other", "ratio", "at least", "size", "met"]
