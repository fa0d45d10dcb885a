"""Real files converted to other formats: every pixel arrives, or the format of the target refuses the image."""
import json
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, FormatError, OptionError, UnsupportedError, convert, imread
from conftest import corpus_root


def paths():
    root = corpus_root()
    if root is None:
        return []
    files = json.loads((root / "manifest.json").read_text())["files"]
    return [pytest.param(root / entry["path"], id=entry["path"]) for entry in files if (root / entry["path"]).stat().st_size < 4 << 20]


def damaged(path):
    """The images after the first that cannot be read."""
    found = []
    with IO.open(path) as reader:
        for key in list(reader)[1:]:
            try:
                np.asarray(reader.get_asset(key))
            except FormatError:
                found.append(key)
    return found


PATHS = paths()
pytestmark = pytest.mark.skipif(not PATHS, reason="no corpus: set OSML_IO_CORPUS")


@pytest.mark.parametrize("extension", ["ntf", "tif", "jp2", "png"])
@pytest.mark.parametrize("path", PATHS)
def test_a_conversion_has_the_pixels_of_its_source(path, extension, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = imread(path)
        except Exception:  # noqa: BLE001 - whatever reading raises is the subject of other tests
            pytest.skip("the file cannot be read")
        try:
            convert(path, tmp_path / f"a.{extension}", durable=False)
        except (OptionError, UnsupportedError):
            assert not (tmp_path / f"a.{extension}").exists()
            return
        except FormatError:
            # All images are converted, so a damaged one beside the first is an error.
            assert len(damaged(path)) > 0 and not (tmp_path / f"a.{extension}").exists()
            convert(path, tmp_path / f"a.{extension}", asset="image:0", durable=False)
        found = imread(tmp_path / f"a.{extension}", max_bytes=1 << 31)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert np.array_equal(found, expected, equal_nan=found.dtype.kind in "fc")
