"""Makes `src/image/epsg/table.rs` from the EPSG register that comes with pyproj.

GeoTIFF names projected and geodetic reference systems by different keys, so the kind of a bare code must be known.
To update to a newer register, run `pip install pyproj && python tools/make_epsg_table.py`.
"""

import pathlib

import pyproj
from pyproj.database import get_database_metadata, query_crs_info
from pyproj.enums import PJType

KINDS = {
    PJType.GEOGRAPHIC_2D_CRS: "Geographic",
    PJType.GEOGRAPHIC_3D_CRS: "Geographic3D",
    PJType.GEOCENTRIC_CRS: "Geocentric",
    PJType.PROJECTED_CRS: "Projected",
    PJType.VERTICAL_CRS: "Vertical",
}
TARGET = pathlib.Path(__file__).parent.parent / "src/image/epsg/table.rs"
# A GeoKey holds 16 bits, of which 32767 means "user-defined".
LARGEST = 32766

HEADER = """//! Codes of the EPSG register by kind, version {version} of {date}; deprecated ones included.
//!
//! Made by `tools/make_epsg_table.py`; not to be edited.

use super::kind::Kind::{{self, Geocentric, Geographic, Geographic3D, Projected, Vertical}};
"""


def main():
    entries = query_crs_info("EPSG", allow_deprecated=True)
    simple = sorted({(int(e.code), KINDS[e.type]) for e in entries if e.type in KINDS and int(e.code) <= LARGEST})
    compound = sorted({int(e.code) for e in entries if e.type == PJType.COMPOUND_CRS and int(e.code) <= LARGEST})
    ranges = [f"({first}, {last}, {kind})" for first, last, kind in runs(simple)]
    triples = [f"({code}, {', '.join(parts(code))})" for code in compound]
    spatial = [code for code, kind in simple if kind == "Geographic3D"]
    pairs = [f"({code}, {flat})" for code in spatial if (flat := two_dimensional(code))]
    metadata = {name: get_database_metadata(name) for name in ("EPSG.VERSION", "EPSG.DATE")}
    text = HEADER.format(version=metadata["EPSG.VERSION"].removeprefix("v"), date=metadata["EPSG.DATE"])
    text += table("First code, last code and kind; all codes between are of the kind.", "RANGES", "(u16, u16, Kind)", ranges)
    text += table("Compound systems: code, horizontal part, vertical part.", "COMPOUND", "(u16, u16, u16)", triples)
    text += table("Geographic systems with height: code, the same without.", "FLAT", "(u16, u16)", pairs)
    TARGET.write_text(text)


def runs(codes):
    """Joins neighbouring codes of one kind."""
    joined = []
    for code, kind in codes:
        if joined and joined[-1][1] == code - 1 and joined[-1][2] == kind:
            joined[-1][1] = code
        else:
            joined.append([code, code, kind])
    return joined


def parts(code):
    """The codes of the horizontal and the vertical part of a compound system."""
    horizontal, vertical = (part.to_authority() for part in pyproj.CRS.from_epsg(code).sub_crs_list)
    return horizontal[1], vertical[1]


def two_dimensional(code):
    """The code of a three-dimensional geographic system without its height, if the register has one."""
    crs = pyproj.CRS.from_epsg(code)
    same_name = [int(info.code) for info in query_crs_info("EPSG", [PJType.GEOGRAPHIC_2D_CRS]) if info.name == crs.name]
    return crs.to_2d().to_epsg() or next(iter(same_name), None)


def table(meaning, name, kind, items):
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {item},"
    body = "\n".join([*lines, line])
    return f"\n/// {meaning} Ascending.\n#[rustfmt::skip]\npub(super) const {name}: &[{kind}] = &[\n{body}\n];\n"


if __name__ == "__main__":
    main()
