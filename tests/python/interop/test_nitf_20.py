"""Files of NITF 2.0 written again as NITF 2.1: pixels, texts and the fields common to both versions."""
import json
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, OsmlWarning, UnsupportedError
from conftest import corpus_root
from testkit.nitf_judges import jbpy_check


def entries():
    root = corpus_root()
    if root is None:
        return []
    files = json.loads((root / "manifest.json").read_text())["files"]
    return [pytest.param(root / entry["path"], id=entry["path"]) for entry in files
            if entry["class"].startswith("nitf20")]


@pytest.mark.skipif(not entries(), reason="no corpus: set OSML_IO_CORPUS")
@pytest.mark.parametrize("source", entries())
def test_a_file_of_nitf_20_is_written_as_21(source, tmp_path):
    target = tmp_path / "new.ntf"
    copied = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OsmlWarning)
        with IO.open(source) as reader, IO.open(target, "w") as writer:
            writer.metadata = reader.metadata
            for key in reader:
                asset = reader.get_asset(key)
                if key.startswith("graphic") and asset.media_type != "image/cgm":
                    with pytest.raises(UnsupportedError, match="metafile"):
                        writer.add_asset(key, asset)
                else:
                    writer.add_asset(key, asset)
                    if "overflow" not in asset.roles:  # its TREs are in the metadata they belong to
                        copied.append(key)
            if not copied:
                writer.abort()
                return
    jbpy_check(target)
    with IO.open(source) as old, IO.open(target) as new:
        assert new.metadata["FVER"] == "02.10" and new.metadata["FTITLE"] == old.metadata["FTITLE"]
        images = [key for key in copied if key.startswith("image:")]
        for number, key in enumerate(images):
            before, after = old.get_asset(key), new.get_asset(f"image:{number}")
            if before.compression not in ("none", "NM"):
                assert before.raw_asset.read() == after.raw_asset.read()
            else:
                assert np.array_equal(before.read(), after.read())
            assert after.metadata["IID1"].strip() == before.metadata["IID"].strip()
            if before.metadata["ICORDS"] in "GC" and before.corners is not None:
                assert np.allclose(after.corners, before.corners, atol=2 / 3600)
        # Labels, which 2.1 does not have, become texts.
        for number, key in enumerate(key for key in copied if key.startswith(("label:", "text:"))):
            assert new.get_asset(f"text:{number}").raw_asset.read() == old.get_asset(key).raw_asset.read()
        assert all(new.get_asset(f"image:{number}").dtype == old.get_asset(key).dtype for number, key in enumerate(images))
