"""Specification, section 'Custom Python Image Providers', with the example run from TIFF to TIFF."""
import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, imread, imsave
from testkit.arrays import assert_same, image
from testkit.providers import GridProvider
from testkit.readers import tiff_tags

ATTRIBUTES = ["key", "title", "description", "get_block", "num_rows", "num_columns", "num_bands", "num_bits_per_pixel",
              "actual_bits_per_pixel", "pixel_value_type", "num_pixels_per_block_horizontal", "num_pixels_per_block_vertical",
              "num_resolution_levels", "pad_pixel_value"]


class InvertProvider:
    """Wraps a source image and inverts pixel values on the fly."""

    def __init__(self, source, metadata):
        self.key = source.key
        self.title = source.title
        self.description = source.description
        self.num_rows = source.num_rows
        self.num_columns = source.num_columns
        self.num_bands = source.num_bands
        self.num_bits_per_pixel = source.num_bits_per_pixel
        self.actual_bits_per_pixel = source.actual_bits_per_pixel
        self.pixel_value_type = source.pixel_value_type
        self.num_pixels_per_block_horizontal = source.num_pixels_per_block_horizontal
        self.num_pixels_per_block_vertical = source.num_pixels_per_block_vertical
        self.num_resolution_levels = source.num_resolution_levels
        self.pad_pixel_value = source.pad_pixel_value
        self._source = source
        self._metadata = metadata

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        block = self._source.get_block(block_row, block_col, resolution_level)
        return np.iinfo(block.dtype).max - block  # invert

    @property
    def metadata(self):
        return self._metadata


def test_the_inverting_example(in_tmp, rgb):
    imsave("input.tif", rgb)
    with IO.open(["input.tif"], "r") as reader:
        source = reader.get_asset("image:0")

        # Copy source metadata and set encoding hints
        metadata = BufferedMetadataProvider(source=source.metadata)
        metadata["259"] = "None"

        provider = InvertProvider(source, metadata)

        with IO.open(["inverted.tif"], "w", "tiff") as writer:
            writer.add_asset("image:0", provider,
                             "Inverted", "Lazy inversion", ["data"])
    assert_same(imread("inverted.tif"), 255 - rgb)
    assert tiff_tags("inverted.tif")[259] == 1


@pytest.mark.parametrize("extension", ["tif", "png", "ntf"])
def test_every_block_is_asked_for_once(tmp_path, extension):
    data = image((1, 150, 200), np.uint8)
    provider = GridProvider(data, (64, 48))
    with IO.open([tmp_path / f"a.{extension}"], "w") as writer:
        writer.add_asset("image:0", provider)
    assert sorted(provider.asked) == [(row, col) for row in range(4) for col in range(4)]
    assert_same(imread(tmp_path / f"a.{extension}"), data)


def test_blocks_are_asked_for_at_level_zero_as_block_indices(tmp_path):
    calls = []

    class Recording(GridProvider):
        def get_block(self, block_row, block_col, resolution_level, bands=None):
            calls.append((block_row, block_col, resolution_level, bands))
            return super().get_block(block_row, block_col, resolution_level, bands)

    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", Recording(image((2, 64, 64), np.uint8), (64, 64)))
    assert [call[:3] for call in calls] == [(0, 0, 0)]


@pytest.mark.parametrize("padded", [False, True], ids=["cropped", "padded"])
@pytest.mark.parametrize("extension", ["tif", "png", "ntf"])
def test_edge_blocks_may_be_cropped_or_padded(tmp_path, padded, extension):
    data = image((3, 100, 130), np.uint8)
    with IO.open([tmp_path / f"a.{extension}"], "w") as writer:
        writer.add_asset("image:0", GridProvider(data, (64, 64), padded=padded))
    assert_same(imread(tmp_path / f"a.{extension}"), data)


@pytest.mark.parametrize("missing", ATTRIBUTES)
def test_a_missing_attribute_is_a_type_error_naming_it(tmp_path, missing):
    complete = GridProvider(image((1, 64, 64), np.uint8))

    class Partial:
        pass

    partial = Partial()
    for name in ATTRIBUTES:
        if name != missing:
            setattr(partial, name, getattr(complete, name))
    with pytest.raises(TypeError, match=rf"\b{missing}\b"):
        with IO.open([tmp_path / "a.tif"], "w") as writer:
            writer.add_asset("image:0", partial)
    assert list(tmp_path.iterdir()) == []


def test_no_metadata_property_means_empty_metadata(tmp_path):
    provider = GridProvider(image((1, 64, 64), np.uint8))
    assert not hasattr(provider, "metadata")
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider)
    assert tiff_tags(tmp_path / "a.tif")[259] == 8


def test_no_has_block_means_all_blocks_are_present(tmp_path):
    provider = GridProvider(np.zeros((1, 600, 600), np.uint8), (256, 256))
    assert not hasattr(provider, "has_block")
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider)
    assert all(tiff_tags(tmp_path / "a.tif")[324])


def test_blocks_that_has_block_denies_are_never_asked_for(tmp_path):
    class Half(GridProvider):
        def has_block(self, block_row, block_col, resolution_level=0):
            return block_col == 0

    data = image((1, 512, 512), np.uint8)
    provider = Half(data, (256, 256))
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider)
    assert sorted(provider.asked) == [(0, 0), (1, 0)]
    expected = data.copy()
    expected[:, :, 256:] = 0
    assert_same(imread(tmp_path / "a.tif"), expected)


def test_attributes_are_read_once_at_construction(tmp_path):
    class Counting(GridProvider):
        reads = 0

        @property
        def num_rows(self):
            type(self).reads += 1
            return self._rows

        @num_rows.setter
        def num_rows(self, value):
            self._rows = value

    with IO.open([tmp_path / "a.tif"], "w") as writer:
        provider = Counting(image((1, 256, 256), np.uint8), (16, 256))
        Counting.reads = 0
        writer.add_asset("image:0", provider)
    assert Counting.reads == 1


def test_an_exception_of_get_block_surfaces_as_runtime_error_with_its_message(tmp_path):
    class Broken(GridProvider):
        def get_block(self, *args, **kwargs):
            raise ZeroDivisionError("the sensor was off")

    with pytest.raises(RuntimeError, match="the sensor was off") as caught:
        with IO.open([tmp_path / "a.tif"], "w") as writer:
            writer.add_asset("image:0", Broken(image((1, 64, 64), np.uint8)))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("kind", ["dtype", "name"])
def test_the_pixel_type_may_be_a_dtype_or_its_name(tmp_path, kind):
    data = image((1, 64, 64), np.int16)
    provider = GridProvider(data)
    provider.pixel_value_type = np.dtype(np.int16) if kind == "dtype" else "int16"
    with IO.open([tmp_path / "a.tif"], "w") as writer:
        writer.add_asset("image:0", provider)
    assert_same(imread(tmp_path / "a.tif"), data)
