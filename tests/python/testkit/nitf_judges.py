"""The contents of a NITF file as jbpy and GDAL report them."""
import logging
import warnings
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from testkit.arrays import assert_same

try:
    import jbpy
except ImportError:  # it needs Python 3.11: with older versions its checks do nothing
    jbpy = None

GDAL_LACKS = ("uint64", "int64")  # GDAL's NITF driver has no 64-bit integers

# jbpy 0.6.1 takes only 01.01 as the version of NSIF; the real files of NSIF 1.0 have 01.00. It does not know HTJ2K.
KNOWN = {("FVER", b"01.00"), ("IC", b"CD"), ("IC", b"MD")}


@contextmanager
def jbpy_complaints():
    """Collects what jbpy logs."""
    found = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())
    log = logging.getLogger("jbpy")
    before, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.WARNING)
    log.propagate = False
    try:
        yield found
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        log.propagate = propagate


def as_jbp():
    """jbpy's file with the extent of the common coordinate system as the standard defines it: the index of the last pixel, not the number of pixels.

    The official samples have level 03 with 2048 rows and columns.
    """
    class Jbp(jbpy.Jbp):
        def _clevel_ccs_extent(self):
            origins, ends = {0: (0, 0)}, [(1, 1)]
            for segment in self["ImageSegments"]:
                head = segment["subheader"]
                origin = tuple(a + b for a, b in zip(origins[head["IALVL"].value], head["ILOC"].value))
                origins[head["IDLVL"].value] = origin
                ends.append((origin[0] + head["NROWS"].value, origin[1] + head["NCOLS"].value))
            extent = max(max(axis) - min(0, min(o[i] for o in origins.values())) for i, axis in enumerate(zip(*ends))) - 1
            return next((level for limit, level in ((2047, 3), (8191, 5), (65535, 6), (99_999_999, 7)) if extent <= limit), 9)

    return Jbp()


def jbpy_load(path):
    """The file as jbpy parses it; complaints fail the test."""
    with jbpy_complaints() as complaints, open(path, "rb") as stream:
        found = as_jbp()
        found.load(stream)
    complaints = [c for c in complaints if not c.startswith("An exception occurred when trying to validate")  # see `valid`
                  and not any(f"{name}: " in c and repr(value) in c for name, value in KNOWN)]
    assert not complaints, complaints
    return found


def jbpy_fields(component):
    """Every field of a component, at any depth."""
    if isinstance(component, jbpy.core.Field):
        yield component
    elif isinstance(component, jbpy.core.ComponentCollection):
        for child in component._children:
            yield from jbpy_fields(child)


def jbpy_check(path, clevel=True):
    """Parses the file, checks every field's character set and range, and recomputes all lengths and the complexity level; returns the file."""
    if jbpy is None:
        return None
    found = jbpy_load(path)
    wrong = [f"{field.name} {field.encoded_value!r}" for field in jbpy_fields(found)
             if not valid(field) and (field.name, field.encoded_value) not in KNOWN]
    assert not wrong, wrong
    header = found["FileHeader"]
    before = {field.name: field.encoded_value for field in jbpy_fields(header)}
    with jbpy_complaints():
        found.update_lengths()
        found.update_clevel()
    after = {field.name: field.encoded_value for field in jbpy_fields(header)}
    wrong = [f"{name} is {value!r}, jbpy computes {after[name]!r}" for name, value in before.items() if value != after[name] and name != "CLEVEL"]
    assert not wrong, wrong
    assert found.get_size() == Path(path).stat().st_size
    if clevel:
        computed = int(after["CLEVEL"])
        assert int(before["CLEVEL"]) >= (3 if eight_bit_rgb(found) else computed), f"CLEVEL is {before['CLEVEL']!r}, jbpy computes {computed}"
    header["CLEVEL"].value = int(before["CLEVEL"])
    return found


def valid(field):
    """jbpy's check of a field; it decodes the text of ECS fields as UTF-8; the standard requires ISO 8859-1."""
    try:
        return field.isvalid()
    except UnicodeDecodeError:
        return all(0x20 <= byte <= 0x7E or byte >= 0xA0 for byte in field.encoded_value)


def eight_bit_rgb(found):
    """True if jbpy's CLEVEL is too high: it gives 8-bit RGB 06, the standard and the official samples 03."""
    return any(segment["subheader"]["IREP"].value == "RGB" and segment["subheader"]["NBPP"].value == 8 for segment in found["ImageSegments"])


@contextmanager
def gdal_open(path, mode="r", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, mode, **options) as dataset:
            yield dataset


def gdal_write(path, data, **options):
    """A NITF file written by GDAL."""
    with gdal_open(path, "w", driver="NITF", width=data.shape[2], height=data.shape[1], count=data.shape[0], dtype=data.dtype, **options) as dst:
        dst.write(data)


def gdal_agrees(path, data, note="GDAL", subdataset=None):
    """GDAL reads `data`; it takes signed bytes for unsigned ones."""
    if data.dtype.name in GDAL_LACKS:
        return
    name = path if subdataset is None else f"NITF_IM:{subdataset}:{path}"
    with gdal_open(name) as src:
        found = src.read()
    if data.dtype == np.int8 and found.dtype == np.uint8:
        found = found.view(np.int8)
    assert_same(found, data, note)


def gdal_tags(path, namespace=None):
    with gdal_open(path) as src:
        return src.tags(ns=namespace) if namespace else src.tags()


def gdal_tres(path):
    """[(tag, {field: value})] of the TREs that GDAL knows; groups are flattened under their names."""
    found = []
    for text in gdal_tags(path, "xml:TRE").values():
        for tre in ElementTree.fromstring(text).iter("tre"):
            found.append((tre.get("name"), {node.get("name"): node.get("value") for node in tre.iter("field")}))
    return found
