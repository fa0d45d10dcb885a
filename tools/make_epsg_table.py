"""Makes `epsg/table.rs` and `crs/geodetic.txt` in `src/image` from the EPSG register that comes with pyproj.

GeoTIFF names projected and geodetic reference systems by different keys, so the kind of a bare code must be known.
A projection that a file describes by its parameters may name its geographic system by a code, so the parts of those must be known.
To update to a newer register, run `pip install pyproj && python tools/make_epsg_table.py`.
"""

import math
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
IMAGE = pathlib.Path(__file__).parent.parent / "src/image"
TARGET = IMAGE / "epsg/table.rs"
GEODETIC = IMAGE / "crs/geodetic.txt"
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
    of_kind = lambda wanted: [code for code, kind in simple if kind == wanted]
    GEODETIC.write_text(geodetic(of_kind("Geographic")) + heights(of_kind("Vertical")))


def geodetic(codes):
    """Systems (name, datum, unit), datums (name, ellipsoid, prime meridian), ellipsoids and meridians, a line each."""
    systems, datums, ellipsoids, meridians = {}, {}, {}, {}
    for code in codes:
        crs = pyproj.CRS.from_epsg(code)
        datum, ellipsoid, meridian = (part.to_json_dict() for part in (crs.datum, crs.ellipsoid, crs.prime_meridian))
        number = {part: entry["id"]["code"] for part, entry in (("d", datum), ("e", ellipsoid), ("m", meridian))}
        unit = crs.axis_info[0].unit_auth_code, crs.axis_info[0].unit_code
        assert unit[0] == "EPSG", code
        systems[code] = [crs.name, number["d"], unit[1]]
        datums[number["d"]] = [datum["name"].removesuffix(" ensemble"), number["e"], number["m"]]
        ellipsoids[number["e"]] = [ellipsoid["name"], crs.ellipsoid.semi_major_metre, crs.ellipsoid.inverse_flattening]
        longitude = crs.prime_meridian.longitude * crs.prime_meridian.unit_conversion_factor
        meridians[number["m"]] = [meridian["name"], round(math.degrees(longitude), 12)]
    lines = []
    for letter, entries in (("S", systems), ("D", datums), ("E", ellipsoids), ("M", meridians)):
        lines += ["|".join(map(str, [letter, code, *entry])) for code, entry in sorted(entries.items())]
    return "\n".join(lines) + "\n"


def heights(codes):
    """Vertical systems (name, datum, unit, "down" if they are depths), a line each."""
    lines = []
    for code in codes:
        crs = pyproj.CRS.from_epsg(code)
        if crs.datum is None:
            # Derived from another system of heights.
            continue
        (axis,) = crs.axis_info
        lines.append(f"V|{code}|{crs.name}|{crs.datum.name}|{axis.unit_code}" + ("|down" if axis.direction == "down" else ""))
    return "\n".join(lines) + "\n"


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
