"""A copy of an image takes its masks and overviews along, and an image that cannot be decoded can be marked anew."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, MetadataWarning, UnsupportedError, imread, imsave
from aws.osml.io.nitf import chip
from testkit.arrays import assert_same, image
from testkit.nitf_bytes import parse
from testkit.nitf_ours import heard, provider

rasterio = pytest.importorskip("rasterio")

DATA = image((1, 256, 300), "uint8")
PARTS = ["image:0", "image:0:overview:1", "image:0:overview:2", "image:0:mask", "image:0:mask:overview:1", "image:0:mask:overview:2"]


@pytest.fixture
def pyramid(tmp_path):
    """A file of GDAL with a mask and two overviews of both."""
    path = tmp_path / "a.tif"
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        with rasterio.open(path, "w", driver="GTiff", width=300, height=256, count=1, dtype="uint8", tiled=True, blockxsize=64, blockysize=64,
                           crs="EPSG:32618", transform=rasterio.Affine.from_gdal(300000, 10, 0, 4500000, 0, -10)) as file:
            file.write(DATA)
            file.write_mask(np.where(DATA[0] > 100, 255, 0).astype("uint8"))
        with rasterio.open(path, "r+") as file:
            file.build_overviews([2, 4])
    with IO.open(path) as reader:
        assert sorted(reader) == sorted(PARTS)
    return path


def test_masks_and_overviews_follow_their_image(tmp_path, pyramid):
    target = tmp_path / "b.tif"
    with heard() as caught, IO.open(pyramid) as reader, IO.open(target, "w") as writer:
        writer.add_asset("image:0", reader["image:0"])
    assert caught == []
    with IO.open(pyramid) as old, IO.open(target) as new:
        assert list(new) == list(old)
        for key in old:
            assert_same(new[key].read(), old[key].read())
            assert new[key].roles == old[key].roles
        assert new["image:0"].num_resolution_levels == 3
    with rasterio.open(target) as file, rasterio.open(pyramid) as original:
        assert file.overviews(1) == [2, 4]
        assert ((file.read_masks(1) > 0) == (original.read_masks(1) > 0)).all()


def test_each_image_has_its_own_masks_and_overviews(tmp_path, pyramid):
    target = tmp_path / "b.tif"
    with IO.open(pyramid) as reader, IO.open(target, "w") as writer:
        writer.add_asset("one", provider(DATA))
        writer.add_asset("image:0", reader["image:0"])
        writer.add_asset("two", provider(DATA[:, :9]))
    with IO.open(target) as new:
        assert list(new) == ["image:0", *[key.replace("image:0", "image:1") for key in ordered(pyramid)], "image:2"]


def ordered(path):
    with IO.open(path) as reader:
        return list(reader)


def test_a_copy_of_every_asset_has_each_once(tmp_path, pyramid):
    for names in (lambda key: key, lambda key: f"asset of {key.replace(':', ' ')}"):
        with heard() as caught, IO.open(pyramid) as reader, IO.open(tmp_path / "b.tif", "w") as writer:
            for key in reader:
                writer.add_asset(names(key), reader[key], roles=reader[key].roles)
        assert caught == [] and ordered(tmp_path / "b.tif") == ordered(pyramid)


def test_imsave_takes_them_along(tmp_path, pyramid):
    with IO.open(pyramid) as reader:
        imsave(tmp_path / "b.tif", reader["image:0"], compression="lzw")
    assert ordered(tmp_path / "b.tif") == ordered(pyramid)


@pytest.mark.parametrize("target", ["b.ntf", "b.png"])
def test_a_format_without_them_names_them(tmp_path, pyramid, target):
    with heard() as caught, IO.open(pyramid) as reader, IO.open(tmp_path / target, "w") as writer:
        writer.add_asset("image:0", reader["image:0"])
    texts = [text for category, text in caught if category is MetadataWarning]
    assert len(texts) == len(caught) and all(sum(f" {key}" in text for text in texts) == 1 for key in PARTS[1:])
    assert_same(imread(tmp_path / target), DATA)


# Images that cannot be decoded.

@pytest.fixture
def undecoded(corpus):
    return corpus / "nitf" / "001_006_64x64_s_8_1_mono_j2c.ntf"


def undecodable(path):
    with IO.open(path) as reader:
        try:
            reader["image:0"].read()
        except UnsupportedError:
            return True
    return False


def test_an_image_that_cannot_be_decoded_is_marked_anew(tmp_path, undecoded):
    target = tmp_path / "b.ntf"
    with IO.open(undecoded) as reader:
        original = reader["image:0"]
        changed = BufferedMetadataProvider(original.metadata)
        changed["ISCLAS"], changed["ISCLSY"], changed["TGTID"], changed["IID1"] = "S", "US", "TARGET", "NEW"
        changed.append("MYTAGA", b"any bytes")
        for metadata in (changed, dict(changed), {"ISCLAS": "S", "ISCLSY": "US", "TGTID": "TARGET", "IID1": "NEW", "MYTAGA": b"any bytes"}):
            with heard(), IO.open(target, "w") as writer:
                writer.add_asset("image:0", original, metadata=metadata)
            old, new = parse(undecoded).images[0], parse(target).images[0]
            assert new.data == old.data
            assert [new.text(name).strip() for name in ("ISCLAS", "ISCLSY", "TGTID", "IID1", "IC", "COMRAT")] == [
                "S", "US", "TARGET", "NEW", old.text("IC"), old.text("COMRAT")]
            with IO.open(target) as again:
                assert again["image:0"].metadata["MYTAGA"] == b"any bytes"


def test_what_needs_pixels_says_so(tmp_path, undecoded):
    if not undecodable(undecoded):
        pytest.skip("the image is decoded")
    with IO.open(undecoded) as reader:
        for made in (chip(reader["image:0"], (0, 0, 8, 8)), reader["image:0"]):
            with heard(), IO.open(tmp_path / "b.ntf", "w") as writer:
                with pytest.raises(UnsupportedError, match="stored bytes are copied"):
                    writer.add_asset("image:0", made, metadata={"IC": "NC"})
                writer.abort()


def test_the_metadata_of_a_file_can_be_changed_after_they_are_set(tmp_path, undecoded):
    target = tmp_path / "b.ntf"
    with IO.open(undecoded) as reader:
        with heard(), IO.open(target, "w") as writer:
            writer.metadata = reader.metadata
            writer.metadata["FSCLAS"] = "S"
            writer.metadata["FTITLE"] = "changed"
            writer.add_asset("image:0", reader["image:0"])
        assert reader.metadata["FSCLAS"] != "S"
    with IO.open(target) as again:
        assert again.metadata["FSCLAS"] == "S" and again.metadata["FTITLE"].strip() == "changed"
