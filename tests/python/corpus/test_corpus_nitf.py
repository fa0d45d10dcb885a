"""Every NITF and NSIF file of the corpus of real files: uncompressed images decode exactly, others open with all metadata and say what is missing."""
import hashlib
import json

import numpy as np
import pytest
from aws.osml.io import IO, Error, UnsupportedError, iminfo
from conftest import corpus_root
from testkit.nitf_ours import heard

UNCOMPRESSED = ("NC", "NM")
ALLOWED = (Error, OSError, ValueError)


def entries():
    root = corpus_root()
    files = json.loads((root / "manifest.json").read_text())["files"] if root else []
    return [entry for entry in files if entry["format"] == "nitf"]


ENTRIES = entries()
pytestmark = pytest.mark.skipif(not ENTRIES, reason="no corpus: set OSML_IO_CORPUS")


def cases(*expectations):
    return [pytest.param(entry, id=entry["path"]) for entry in ENTRIES if entry["expect"] in expectations]


def digest(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)).tobytes()).hexdigest()


def images(reader):
    return [reader.get_asset(key) for key in reader.get_asset_keys(asset_type="image") if ":" not in key.removeprefix("image:")]


def decodes(root, entry):
    """(uncompressed images that decode to an expected variant, uncompressed images)."""
    good = total = 0
    with heard(), IO.open([root / entry["path"]]) as reader:
        found = images(reader)
        assert len(found) == len(entry["images"])
        for asset, expected in zip(found, entry["images"]):
            if asset.metadata["IC"] not in UNCOMPRESSED:
                continue
            total += 1
            pixels = asset.read()
            good += any(list(pixels.shape) == v["shape"] and str(pixels.dtype) == v["dtype"] and digest(pixels) == v["sha256"] for v in expected["variants"])
    return good, total


@pytest.mark.parametrize("entry", cases("decode"))
def test_uncompressed_images_decode_exactly(corpus, entry):
    good, total = decodes(corpus, entry)
    assert good == total


@pytest.mark.parametrize("entry", cases("decode"))
def test_compressed_images_open_and_name_their_compression(corpus, entry):
    with heard(), IO.open([corpus / entry["path"]]) as reader:
        for asset in images(reader):
            code = asset.metadata["IC"]
            if code not in UNCOMPRESSED:
                assert asset.raw_asset.read()
                with pytest.raises(UnsupportedError, match=code):
                    asset.read()


@pytest.mark.parametrize("entry", cases("decode"))
def test_headers_agree_with_the_manifest(corpus, entry):
    shapes = [tuple(variant["shape"]) for variant in entry["images"][0]["variants"]]
    with heard():
        info = iminfo(corpus / entry["path"])
    assert not shapes or (info.height, info.width) in {shape[1:] for shape in shapes}


@pytest.mark.parametrize("entry", cases("metadata"))
def test_files_without_an_image_open(corpus, entry):
    with heard(), IO.open([corpus / entry["path"]]) as reader:
        assert images(reader) == []
        header = entry["reference"]["header"]
        assert reader.metadata["FHDR"] == header["FHDR"]
        for name, kind in (("NUMS", "graphics"), ("NUMT", "text"), ("NUMDES", "data")):
            if name in header:
                assert len([key for key in reader.get_asset_keys(asset_type=kind)]) >= int(header[name]), name
        for key in reader:
            assert reader.get_asset(key).raw_asset.read() is not None


@pytest.mark.parametrize("entry", cases("error"))
def test_a_malformed_file_is_a_clear_error(corpus, entry):
    with heard(), pytest.raises(ALLOWED) as caught, IO.open([corpus / entry["path"]]) as reader:
        for asset in images(reader):
            asset.read()
        assert images(reader), "nothing of it can be read"
    assert str(caught.value).strip()


@pytest.mark.parametrize("entry", cases("error-or-decode"))
def test_a_doubtful_file_is_an_error_or_an_image(corpus, entry):
    with heard():
        try:
            with IO.open([corpus / entry["path"]]) as reader:
                assert all(asset.read().size for asset in images(reader))
        except ALLOWED as error:
            assert str(error).strip()


def test_summary(corpus, record_property, capsys):
    good = total = files = 0
    for entry in ENTRIES:
        if entry["expect"] == "decode":
            found = decodes(corpus, entry)
            good, total, files = good + found[0], total + found[1], files + 1
    line = f"nitf: {good} of {total} uncompressed images in {files} files"
    record_property("corpus", line)
    with capsys.disabled():
        print(f"\ncorpus images that decode as expected: {line}")
    assert good == total
