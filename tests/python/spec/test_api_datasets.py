"""`IO.open`, `DatasetReader` and `DatasetWriter`."""
import io
import threading

import numpy as np
import pytest
from aws.osml.io import (IO, AssetType, BufferedImageAssetProvider, DatasetReader, DatasetWriter, Error, PixelType, imread, imsave)
from testkit.arrays import assert_same, image
from testkit.providers import GridProvider
from testkit.readers import listing, tiff_pages


def provider(data):
    made = BufferedImageAssetProvider.create(key="x", num_columns=data.shape[2], num_rows=data.shape[1], num_bands=data.shape[0],
                                             pixel_type=PixelType.from_numpy_dtype(data.dtype))
    made.set_full_image(data)
    return made


@pytest.fixture
def tif(tmp_path, rgb):
    imsave(tmp_path / "a.tif", rgb)
    return tmp_path / "a.tif"


@pytest.mark.parametrize("wrap", [lambda p: p, str, lambda p: [p], lambda p: [str(p)], lambda p: (p,)],
                         ids=["path", "str", "list", "list of str", "tuple"])
def test_open_takes_one_path_or_a_list(tif, rgb, wrap):
    with IO.open(wrap(tif)) as reader:
        assert isinstance(reader, DatasetReader)
        assert_same(reader.get_asset("image:0").read(), rgb)


def test_open_takes_streams(tif, rgb):
    stream = io.BytesIO(tif.read_bytes())
    with IO.open(stream) as reader:
        assert_same(reader.get_asset("image:0").read(), rgb)
    assert not stream.closed
    target = io.BytesIO()
    with IO.open(target, "w", "tiff") as writer:
        assert isinstance(writer, DatasetWriter)
        writer.add_asset("image:0", provider(rgb))
    assert not target.closed
    assert_same(imread(io.BytesIO(target.getvalue())), rgb)


@pytest.mark.parametrize("mode", ["x", "a", "rw", "", "R", "rb", "w+"])
def test_a_wrong_mode_is_a_value_error(tif, mode):
    with pytest.raises(ValueError):
        IO.open([tif], mode)


@pytest.mark.parametrize("mode", ["r", "w"])
def test_no_paths_is_a_value_error(mode):
    with pytest.raises(ValueError):
        IO.open([], mode)


def test_arguments_have_their_names(tif, tmp_path):
    with IO.open(paths=[tif], mode="r", format="tiff", threads=1, progress=None) as reader:
        assert len(reader) == 1
    with IO.open(paths=[tmp_path / "b.tif"], mode="w", format="tiff", threads=2, progress=None) as writer:
        writer.add_asset(key="image:0", provider=provider(image((1, 8, 8), np.uint8)), title="t", description="d", roles=["data"])


def test_a_reader_lists_finds_and_iterates_its_keys(tif):
    with IO.open(tif) as reader:
        assert reader.get_asset_keys() == ["image:0"]
        assert list(reader) == ["image:0"] and len(reader) == 1
        assert reader.has_asset("image:0") and not reader.has_asset("image:1")
        assert reader.format.lower() in ("tiff", "geotiff", "gtiff")
        assert reader.get_asset_keys(asset_type=AssetType.Image) == ["image:0"]
        assert reader.get_asset_keys(asset_type="image") == ["image:0"]
        assert reader.get_asset_keys(asset_type=AssetType.Text) == reader.get_asset_keys(asset_type="data") == []
        assert reader.get_asset_keys(roles=["data"]) == ["image:0"]
        assert reader.get_asset_keys(roles=["overview"]) == []
        assert len(reader.metadata) >= 0 and list(reader.metadata.keys()) == list(reader.metadata)


def test_an_unknown_asset_type_name_is_a_value_error(tif):
    with IO.open(tif) as reader, pytest.raises(ValueError):
        reader.get_asset_keys(asset_type="picture")


def test_an_asset_carries_its_facts(tif):
    with IO.open(tif) as reader:
        asset = reader.get_asset("image:0")
        assert asset.key == "image:0"
        assert asset.asset_type == AssetType.Image
        assert list(asset.roles) == ["data"]
        assert isinstance(asset.title, str) and isinstance(asset.description, str)
        assert asset.media_type.startswith("image/tiff")
        assert len(asset.raw_asset.read()) > 0


def test_a_reader_closes_once_and_for_all(tif):
    reader = IO.open(tif)
    reader.close()
    reader.close()
    with pytest.raises((Error, ValueError)):
        reader.get_asset("image:0")


def test_a_mask_of_a_tiff_is_an_image_with_role_mask(tmp_path, rgb):
    import rasterio

    mask = np.zeros((300, 500), np.uint8)
    mask[50:100, 60:200] = 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(tmp_path / "m.tif", "w", driver="GTiff", width=500, height=300,
                                                                   count=3, dtype="uint8") as dst:
        dst.write(rgb)
        dst.write_mask(mask)
    with IO.open(tmp_path / "m.tif") as reader:
        (key,) = reader.get_asset_keys(roles=["mask"])
        assert_same(reader.get_asset(key).read(), (mask[None] > 0).astype(np.uint8))
        assert reader.get_asset_keys(roles=["data"]) == ["image:0"]
    assert_same(imread(tmp_path / "m.tif"), rgb)


def test_nothing_is_visible_at_the_target_before_close(tmp_path, rgb):
    path = tmp_path / "a.tif"
    writer = IO.open(path, "w")
    writer.add_asset("image:0", provider(rgb))
    assert not path.exists()
    writer.close()
    assert_same(imread(path), rgb)


def test_an_existing_target_stays_as_it_was_until_close(tif, rgb):
    before = tif.read_bytes()
    writer = IO.open(tif, "w")
    writer.add_asset("image:0", provider(255 - rgb))
    assert tif.read_bytes() == before
    writer.close()
    assert_same(imread(tif), 255 - rgb)
    assert listing(tif.parent) == ["a.tif"]


def test_abort_leaves_everything_as_it_was(tif, rgb):
    before = tif.read_bytes()
    writer = IO.open(tif, "w")
    writer.add_asset("image:0", provider(255 - rgb))
    writer.abort()
    assert tif.read_bytes() == before and listing(tif.parent) == ["a.tif"]
    with pytest.raises((Error, ValueError)):
        writer.add_asset("image:1", provider(rgb))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_in_the_with_body_aborts(tif, rgb, error):
    before = tif.read_bytes()
    with pytest.raises(error):
        with IO.open(tif, "w") as writer:
            writer.add_asset("image:0", provider(255 - rgb))
            raise error("stop")
    assert tif.read_bytes() == before and listing(tif.parent) == ["a.tif"]


def test_a_closed_writer_refuses_assets_and_closes_again_quietly(tmp_path, rgb):
    writer = IO.open(tmp_path / "a.tif", "w")
    writer.add_asset("image:0", provider(rgb))
    writer.close()
    writer.close()
    with pytest.raises((Error, ValueError), match="(?i)closed"):
        writer.add_asset("image:1", provider(rgb))


def test_a_duplicate_key_is_refused_at_the_call_and_the_rest_can_be_written(tmp_path, rgb):
    with IO.open(tmp_path / "a.tif", "w") as writer:
        writer.add_asset("image:0", provider(rgb))
        with pytest.raises((Error, ValueError), match="image:0"):
            writer.add_asset("image:0", provider(rgb))
    assert tiff_pages(tmp_path / "a.tif") == 1


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_second_image_is_refused_at_the_call_if_the_format_holds_one(tmp_path, rgb, name):
    with IO.open(tmp_path / name, "w") as writer:
        writer.add_asset("image:0", provider(rgb))
        with pytest.raises((Error, ValueError)):
            writer.add_asset("image:1", provider(rgb))
    assert imread(tmp_path / name).shape == rgb.shape


def test_a_writer_without_assets_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises((Error, ValueError)):
        with IO.open(tmp_path / "a.tif", "w"):
            pass
    assert listing(tmp_path) == []


def test_the_same_provider_may_be_written_twice(tmp_path, rgb):
    made = provider(rgb)
    for name in ("a.tif", "b.tif"):
        with IO.open(tmp_path / name, "w") as writer:
            writer.add_asset("image:0", made)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_an_image_of_a_reader_is_a_provider(tmp_path, tif, rgb):
    with IO.open(tif) as reader, IO.open(tmp_path / "b.png", "w") as writer:
        writer.add_asset("image:0", reader.get_asset("image:0"))
    assert_same(imread(tmp_path / "b.png"), rgb)


def test_text_and_data_assets_are_refused_by_image_formats(tmp_path, rgb):
    from aws.osml.io import BufferedDataAssetProvider, BufferedTextAssetProvider

    for name in ("a.tif", "a.png", "a.jpg"):
        with IO.open(tmp_path / name, "w") as writer:
            writer.add_asset("image:0", provider(rgb))
            for other in (BufferedTextAssetProvider.create("text:0", "hello"), BufferedDataAssetProvider.create("data:0", b"\0\1")):
                with pytest.raises(Error):
                    writer.add_asset(other.key, other)


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg", "a.ntf"])
@pytest.mark.parametrize("threads", [1, 2])
def test_progress_counts_blocks_from_the_calling_thread(tmp_path, name, threads):
    calls = []
    with IO.open(tmp_path / name, "w", threads=threads,
                 progress=lambda done, total: calls.append((done, total, threading.get_ident()))) as writer:
        writer.add_asset("image:0", GridProvider(image((1, 600, 600), np.uint8), (64, 64)))
    assert calls, "progress was never called"
    done = [c[0] for c in calls]
    assert done == sorted(done) and len({c[1] for c in calls}) == 1
    assert done[-1] == calls[-1][1] > 0
    assert {c[2] for c in calls} == {threading.get_ident()}


def test_progress_returning_false_cancels(tmp_path):
    path = tmp_path / "a.tif"
    asked = GridProvider(image((1, 2000, 2000), np.uint8), (64, 64))
    with pytest.raises((Error, RuntimeError)):
        with IO.open(path, "w", threads=1, progress=lambda done, total: False) as writer:
            writer.add_asset("image:0", asked)
    assert listing(tmp_path) == []
    assert len(asked.asked) < 32 * 32


def test_an_exception_of_progress_passes_unchanged(tmp_path):
    def progress(done, total):
        raise LookupError("no screen")

    with pytest.raises((LookupError, Error)) as caught:
        with IO.open(tmp_path / "a.tif", "w", progress=progress) as writer:
            writer.add_asset("image:0", GridProvider(image((1, 300, 300), np.uint8), (64, 64)))
    assert isinstance(caught.value, LookupError) or isinstance(caught.value.__cause__, LookupError)
    assert listing(tmp_path) == []
