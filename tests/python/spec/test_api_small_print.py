"""The small print of the API: array input, shapes, enumerations, exports, warnings and their absence."""
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import aws.osml.io as osml
from aws.osml.io import AssetType, OptionError, OsmlWarning, PixelType, imread, imsave
from testkit.arrays import PIXEL_TYPES, assert_same, image
from testkit.readers import listing


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def test_lists_are_arrays(tif):
    imsave(tif, [[1, 2, 3], [4, 5, 6]])
    assert_same(imread(tif), np.asarray([[[1, 2, 3], [4, 5, 6]]]))


def test_objects_with_array_protocol_are_arrays(tif):
    class Holder:
        def __array__(self, dtype=None, copy=None):
            return np.arange(12, dtype=np.uint8).reshape(1, 3, 4)

    imsave(tif, Holder())
    assert imread(tif).sum() == 66


def test_bool_is_stored_as_uint8_zero_and_one(tif, tmp_path):
    data = np.indices((9, 11)).sum(axis=0) % 2 == 0
    for path in (tif, tmp_path / "a.png", tmp_path / "a.ntf"):
        imsave(path, data)
        assert_same(imread(path), data[None].astype(np.uint8))


@pytest.mark.parametrize("view", [lambda a: a[:, ::-1], lambda a: a[:, :, ::-1], lambda a: a[::-1], lambda a: a[:, ::2, ::3],
                                  lambda a: a.transpose(0, 2, 1), lambda a: np.moveaxis(a.copy(), 0, 2).transpose(2, 0, 1),
                                  lambda a: np.broadcast_to(a[:1], (3, *a.shape[1:])), lambda a: np.asfortranarray(a),
                                  lambda a: a.astype(a.dtype.newbyteorder(">"))],
                         ids=["rows reversed", "columns reversed", "bands reversed", "strided", "transposed", "chunky", "broadcast",
                              "Fortran", "big-endian"])
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.ntf"])
def test_any_strides_and_byte_order(tmp_path, view, name):
    data = view(image((3, 60, 70), np.uint16))
    imsave(tmp_path / name, data)
    assert_same(imread(tmp_path / name), data)


def test_a_read_only_array_is_fine(tif, rgb):
    rgb.setflags(write=False)
    imsave(tif, rgb)
    assert_same(imread(tif), rgb)


@pytest.mark.parametrize("shape", [(), (5,), (1, 2, 3, 4), (0, 5, 5), (1, 0, 5), (1, 5, 0), (0, 0)], ids=str)
def test_a_shape_that_is_not_an_image_is_refused(tif, shape):
    with pytest.raises(ValueError):
        imsave(tif, np.zeros(shape, np.uint8))
    assert not tif.exists()


@pytest.mark.parametrize("dtype", ["U3", "S3", "O", "M8[s]", "V4"])
def test_a_dtype_that_is_not_a_number_is_refused(tif, dtype):
    with pytest.raises((OptionError, TypeError)):
        imsave(tif, np.zeros((1, 4, 4), dtype))
    assert not tif.exists()


@pytest.mark.parametrize("channels", [3, 4])
def test_rows_columns_bands_gets_a_hint_not_a_guess(tmp_path, channels):
    data = np.zeros((512, 500, channels), np.uint8)
    with pytest.raises(OptionError, match=r"(?i)bands.*rows|transpose|moveaxis|last axis"):
        imsave(tmp_path / "a.png", data)
    with pytest.warns(OsmlWarning, match=r"(?i)bands.*rows|transpose|moveaxis|last axis"):
        imsave(tmp_path / "a.tif", data)
    assert imread(tmp_path / "a.tif").shape == (512, 500, channels)


def test_a_normal_array_gives_no_warning(tmp_path, rgb):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("a.tif", "a.png", "a.jpg"):
            imsave(tmp_path / name, rgb)
            imread(tmp_path / name)


def test_pixel_type_has_a_member_for_every_sample_type():
    names = [member.name for member in PixelType]
    assert set(PIXEL_TYPES) <= set(names) and len(names) == len(set(names))


@pytest.mark.parametrize("name,dtype", PIXEL_TYPES.items())
def test_pixel_types_convert_to_numpy_and_back(name, dtype):
    member = getattr(PixelType, name)
    assert np.dtype(member.to_numpy_dtype()) == np.dtype(dtype)
    assert PixelType.from_numpy_dtype(np.dtype(dtype)) == member
    assert PixelType.from_numpy_dtype(dtype) == member
    assert member.bytes_per_pixel() == np.dtype(dtype).itemsize


def test_a_dtype_without_pixel_type_is_refused():
    with pytest.raises((ValueError, TypeError)):
        PixelType.from_numpy_dtype("U5")


def test_asset_type_members():
    assert {member.name for member in AssetType} == {"Image", "Text", "Graphics", "Data"}


@pytest.mark.parametrize("enum", [PixelType, AssetType])
def test_enumerations_iterate_hash_pickle_and_compare_by_value(enum):
    members = list(enum)
    assert len({*members}) == len(members)
    for member in members:
        copy = pickle.loads(pickle.dumps(member))
        assert copy == member and hash(copy) == hash(member)
        assert member.name in repr(member)
    assert members[0] != members[1]


EXPORTS = ["IO", "imread", "imsave", "iminfo", "tiles", "Tile", "ImageInfo", "DatasetReader", "DatasetWriter", "ImageAssetProvider",
           "BufferedImageAssetProvider", "BufferedTextAssetProvider", "BufferedDataAssetProvider", "BufferedGraphicAssetProvider",
           "MetadataProvider", "BufferedMetadataProvider", "PixelType", "AssetType", "Error", "FormatError", "UnsupportedError",
           "LimitError", "OptionError", "AssetNotFoundError", "ProviderError", "OsmlWarning"]


@pytest.mark.parametrize("name", EXPORTS)
def test_public_names_are_exported_and_documented(name):
    assert name in osml.__all__
    assert (getattr(osml, name).__doc__ or "").strip(), f"{name} has no documentation"


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert osml.__version__ == version("osml-io")


def test_star_import_shadows_no_builtin():
    import builtins

    assert not [name for name in osml.__all__ if hasattr(builtins, name)]
    namespace = {}
    exec("from aws.osml.io import *", namespace)
    assert set(osml.__all__) <= set(namespace)


def test_warnings_are_user_warnings_that_can_be_filtered():
    assert issubclass(OsmlWarning, UserWarning)


def test_every_object_has_a_useful_repr(tmp_path, rgb):
    from aws.osml.io import IO, BufferedMetadataProvider, iminfo

    imsave(tmp_path / "a.tif", rgb)
    with IO.open([tmp_path / "a.tif"]) as reader:
        image_repr = repr(reader.get_asset("image:0"))
        for fact in ("500", "300", "3"):
            assert fact in image_repr
        assert "a.tif" in repr(reader) or "image" in repr(reader).lower()
        assert " object at 0x" not in repr(reader) + image_repr
        assert "500" in reader.get_asset("image:0")._repr_html_()
    assert "500" in repr(iminfo(tmp_path / "a.tif"))
    assert "IC" in repr(BufferedMetadataProvider({"IC": "NC"}))


def test_nothing_is_printed(tmp_path):
    code = ("import numpy as np; from aws.osml.io import *; d = np.zeros((3, 400, 300), np.uint8)\n"
            "for n in ('a.tif', 'a.png', 'a.jpg'):\n"
            "    imsave(n, d); imread(n); iminfo(n); list(tiles(n, (64, 64)))\n"
            "try: imread('none.tif')\nexcept FileNotFoundError: pass\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert listing(tmp_path) == ["a.jpg", "a.png", "a.tif"]
