"""Tests every TIFF, PNG, JPEG and JPEG 2000 of the corpus of real files: it decodes to the expected pixels, or fails as expected.

The corpus is not part of this repository: set `OSML_IO_CORPUS` to a folder with its `manifest.json`, or place it at
`../shared/data/corpus` beside the checkout. Without the corpus the tests are skipped.
"""
import hashlib
import json
import warnings

import numpy as np
import pytest
from aws.osml.io import Error, IO, UnsupportedError, imread, iminfo
from conftest import corpus_root
from testkit.closeness import close

FORMATS = ("tiff", "png", "jpeg", "jp2")
ALLOWED = (Error, OSError, ValueError)

# Files that other readers decode and we refuse, with the required word of the message. The list is explicit: it cannot grow unnoticed.
UNSUPPORTED = {
    "tiff/logluv-3c-16b.tiff": "34676|32844",
    "tiff/off_luv24.tif": "34677|32845",
}

# JPEG 2000 files of the standard's conformance suite that OpenJPEG, which decodes, refuses: regions of interest in high-throughput
# blocks, and both kinds of blocks in one tile. The last one has too few quantisation steps.
REFUSED = {"jp2/ds0_hm_15_b8.j2k", "jp2/ds0_ht_03_b14.j2k", "jp2/ds0_ht_15_b14.j2k", "jp2/dwt_interleave_h.gsr105.jp2"}

def entries():
    root = corpus_root()
    if root is None:
        return []
    files = json.loads((root / "manifest.json").read_text())["files"]
    return [entry for entry in files if entry["format"] in FORMATS]


ENTRIES = entries()
pytestmark = pytest.mark.skipif(not ENTRIES, reason="no corpus: set OSML_IO_CORPUS")


def cases(*expectations):
    return [pytest.param(entry, id=entry["path"]) for entry in ENTRIES if entry["expect"] in expectations]


def digest(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).tobytes()).hexdigest()


def read(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return imread(path)


def exact(pixels, variant):
    return list(pixels.shape) == variant["shape"] and str(pixels.dtype) == variant["dtype"] and digest(pixels) == variant["sha256"]


def assert_expected(entry, pixels):
    reasons = []
    for expected in entry["images"]:
        for variant in expected["variants"]:
            if exact(pixels, variant):
                return
            reason = close(pixels, variant, expected.get("subsampled") or "YCBCR" in entry["feature"].upper()) if expected["lossy"] else \
                f"{pixels.shape} {pixels.dtype} does not hash to {variant['shape']} {variant['dtype']} ({', '.join(variant['labels'])})"
            if reason is None:
                return
            reasons.append(reason)
    raise AssertionError("; ".join(reasons))


@pytest.mark.parametrize("entry", [p for p in cases("decode") if p.id not in UNSUPPORTED and p.id not in REFUSED])
def test_decodes_to_the_expected_pixels(corpus, entry):
    assert_expected(entry, read(corpus / entry["path"]))


@pytest.mark.parametrize("entry", [p for p in cases("decode") if p.id in UNSUPPORTED])
def test_is_refused_as_unsupported_naming_the_tag(corpus, entry):
    with pytest.raises(UnsupportedError, match=UNSUPPORTED[entry["path"]]):
        read(corpus / entry["path"])


@pytest.mark.parametrize("entry", [p for p in cases("decode") if p.id in REFUSED])
def test_is_refused_with_the_reason(corpus, entry):
    with pytest.raises(ALLOWED, match="OpenJPEG reports|quantisation steps"):
        read(corpus / entry["path"])


@pytest.mark.parametrize("entry", cases("error"))
def test_a_malformed_file_is_a_clear_error(corpus, entry):
    with pytest.raises(ALLOWED) as caught:
        read(corpus / entry["path"])
    assert str(caught.value).strip()


@pytest.mark.parametrize("entry", cases("error-or-decode"))
def test_a_doubtful_file_is_an_error_or_an_image(corpus, entry):
    try:
        pixels = read(corpus / entry["path"])
    except ALLOWED as error:
        assert str(error).strip()
    else:
        assert pixels.ndim == 3 and pixels.size


@pytest.mark.parametrize("entry", [p for p in cases("decode") if p.id != "jp2/dwt_interleave_h.gsr105.jp2"])
def test_headers_agree_with_the_pixels(corpus, entry):
    info = iminfo(corpus / entry["path"])
    shapes = [variant["shape"] for expected in entry["images"] for variant in expected["variants"]]
    assert list(info.shape) in shapes
    assert (info.bands, info.height, info.width) == tuple(info.shape)


@pytest.mark.parametrize("entry", [p for p in cases("decode") if p.values[0]["reference"].get("gdal", {}).get("geotransform")
                                   and p.values[0]["reference"]["gdal"]["geotransform"] != [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]])
def test_georeferencing_agrees_with_gdal(corpus, entry):
    gdal, info = entry["reference"]["gdal"], iminfo(corpus / entry["path"])
    assert info.transform is not None and tuple(info.transform) == pytest.approx(gdal["geotransform"], rel=1e-12, abs=1e-12)
    if str(gdal.get("crs", "")).startswith("EPSG:") and info.crs is not None:
        assert str(info.crs).upper().removeprefix("EPSG:") == gdal["crs"].removeprefix("EPSG:")
    if gdal.get("nodata") not in (None, "None"):
        assert float(info.nodata) == pytest.approx(float(gdal["nodata"]), rel=1e-6, nan_ok=True)


def page_cases():
    return [p for p in cases("decode") if len(p.values[0]["reference"].get("pages", [])) > 1 and p.id not in UNSUPPORTED]


@pytest.mark.parametrize("entry", page_cases())
def test_every_page_of_a_tiff_is_an_asset_with_its_pixels(corpus, entry):
    pages = entry["reference"]["pages"]
    with IO.open(corpus / entry["path"]) as reader:
        found = {}
        for key in reader.get_asset_keys(asset_type="image"):
            asset = reader.get_asset(key)
            found.setdefault((asset.num_columns, asset.num_rows, asset.num_bands), []).append(asset)
        assert sum(map(len, found.values())) == len(pages)
        for page in pages:
            same_size = found[page["width"], page["height"], page["samples"]]
            if page["compression"] == "JPEG" or not page.get("sha256_chw_le"):
                continue
            hashes = [digest(asset.read()) for asset in same_size]
            assert page["sha256_chw_le"] in hashes, f"{page['width']} x {page['height']} {page['compression']}"


def test_the_list_of_unsupported_files_is_exact():
    known = {entry["path"] for entry in ENTRIES if entry["expect"] == "decode"}
    assert set(UNSUPPORTED) <= known


def test_summary(corpus, record_property, capsys):
    """Counts the files that decode as expected; the numbers go to the report and the terminal."""
    counts = {}
    for entry in ENTRIES:
        if entry["expect"] != "decode":
            continue
        total = counts.setdefault(entry["format"], [0, 0])
        total[1] += 1
        try:
            assert_expected(entry, read(corpus / entry["path"]))
        except (*ALLOWED, AssertionError):
            continue
        total[0] += 1
    line = ", ".join(f"{name}: {good} of {total}" for name, (good, total) in sorted(counts.items()))
    record_property("corpus", line)
    with capsys.disabled():
        print(f"\ncorpus files that decode as expected: {line}")
    refused = {path.split("/")[0] for path in UNSUPPORTED}
    for name, (good, total) in counts.items():
        expected = total - sum(path.startswith(f"{name}/") for path in {*UNSUPPORTED, *REFUSED})
        assert good == expected, f"{name}: {good} of {total}, expected {expected} ({sorted(refused)})"
