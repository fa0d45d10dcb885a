"""Conversion, as a typed program does it."""
import io
from pathlib import Path

from aws.osml.io import IO, ConversionReport, convert


def to_cog(source: Path, target: str) -> list[str]:
    report: ConversionReport = convert(source, target, cog=True, progress=True, threads=2)
    copied: int = report.copied_blocks
    seconds: float = report.seconds
    print(copied, seconds, report.format)
    return report.lost + report.warnings


def parts(source: str) -> bytes:
    out = io.BytesIO()
    with IO.open(source) as reader:
        convert(reader, out, format="nitf", window=(0, 0, 10, 10), bands=[2, 0], resolution_level=1, quality=2.0,
                metadata={"TGTID": "x"}, block_size=(64, 64), asset="image:0", progress=lambda done, total: done < total)
    return out.getvalue()
