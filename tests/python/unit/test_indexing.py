"""`image[…]` returns the same result as NumPy for the same index."""

import numpy as np
import pytest
from aws.osml.io import BufferedImageAssetProvider, OutOfRangeError
from hypothesis import given
from hypothesis import strategies as st

SHAPE = (3, 7, 11)
DATA = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def image():
    made = BufferedImageAssetProvider.create("k", 11, 7, 3, block_width=4, block_height=3, pixel_type="int16")
    made.set_full_image(DATA)
    return made


IMAGE = image()
BOUND = st.none() | st.integers(-15, 15)
PART = st.integers(-3, 2) | st.builds(slice, BOUND, BOUND, st.none() | st.integers(-4, 4).filter(bool))


@given(st.lists(PART, max_size=3), st.none() | st.integers(0, 3))
def test_any_basic_index(parts, ellipsis):
    if ellipsis is not None:
        parts.insert(min(ellipsis, len(parts)), ...)
    key = tuple(parts)
    found, expected = IMAGE[key], DATA[key]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("key", [(3,), (0, -8), (0, 0, 11), (..., 11)], ids=str)
def test_an_index_outside_is_an_index_error(key):
    with pytest.raises(OutOfRangeError):
        IMAGE[key]


LIST = st.lists(st.integers(-3, 2), max_size=4) | st.lists(st.booleans(), min_size=3, max_size=3)


@given(LIST, st.lists(PART, max_size=2), st.booleans())
def test_a_list_selects_and_orders_bands(bands, parts, as_array):
    key = (np.array(bands, bool if bands and isinstance(bands[0], bool) else int) if as_array else bands, *parts)
    found, expected = IMAGE[key], DATA[key]
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_the_bands_of_a_picture_are_reversed_without_a_tuple():
    assert np.array_equal(IMAGE[[2, 1, 0]], DATA[::-1])


@given(st.lists(st.integers(-7, 6), max_size=4), PART, PART)
def test_a_list_selects_rows_and_columns_as_in_numpy(rows, band, column):
    for key in [(band, rows, column), (slice(None), slice(None), rows), (..., [0] * len(rows), rows)]:
        found, expected = IMAGE[key], DATA[key]
        assert found.shape == expected.shape and np.array_equal(found, expected)


@pytest.mark.parametrize("key", [[3], [0, -4], (0, [7]), (..., [0, 11])], ids=str)
def test_a_list_with_an_index_outside_is_an_index_error(key):
    with pytest.raises(OutOfRangeError):
        IMAGE[key]


@pytest.mark.parametrize("key", ["a", None, 1.0, (0, 0, 0, 0), (..., ...), [0.5], [True], [[0, 1]], ["a"], np.ones((7, 11), bool)], ids=str)
def test_any_other_index_is_an_index_error(key):
    with pytest.raises(IndexError, match="index of "):
        IMAGE[key]


def test_an_image_is_a_sequence_of_bands():
    assert len(IMAGE) == 3
    assert [band.tolist() for band in IMAGE] == DATA.tolist()


def test_size_bytes_and_type_are_those_of_the_array():
    assert (IMAGE.size, IMAGE.nbytes) == (DATA.size, DATA.nbytes)
    assert IMAGE.astype("float32").dtype == np.float32 and np.array_equal(IMAGE.astype(np.float32), DATA)
