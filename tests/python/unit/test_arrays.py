"""Arrays as input and output: references, copies and refusals."""

import numpy as np
import pytest
from aws.osml.io import BufferedImageAssetProvider, OptionError, OutOfRangeError, PixelType

DATA = np.random.default_rng(1).integers(0, 4000, (2, 50, 60)).astype(np.uint16)


def image(data, **more):
    bands, rows, columns = data.shape
    made = BufferedImageAssetProvider.create("k", columns, rows, bands, pixel_type=data.dtype, **more)
    made.set_full_image(data)
    return made


@pytest.mark.parametrize("dtype", [member.value for member in PixelType])
@pytest.mark.parametrize("order", "<>")
def test_every_dtype_in_either_byte_order(dtype, order):
    data = DATA.astype(np.dtype(dtype).newbyteorder(order))
    found = image(data).read()
    assert found.dtype == np.dtype(dtype) and found.dtype.isnative and np.array_equal(found, data)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[::-1, ::-1, ::-1],
        lambda a: a[:, ::3, ::2],
        lambda a: a.transpose(0, 2, 1),
        lambda a: np.asfortranarray(a),
        lambda a: np.ascontiguousarray(np.moveaxis(a, 0, 2)).transpose(2, 0, 1),
        lambda a: np.broadcast_to(a[:1, :1], a.shape),
        lambda a: np.frombuffer(a.tobytes() + b"x", np.uint8)[:-1].view(np.uint16).reshape(a.shape),
    ],
    ids=["reversed", "strided", "transposed", "Fortran", "chunky", "broadcast", "of bytes"],
)
def test_views_are_read_where_they_stand(view):
    data = view(DATA)
    assert np.array_equal(image(data).read(), data)


def test_an_unaligned_array():
    data = np.zeros(DATA.nbytes + 1, np.uint8)[1:].view(np.uint16).reshape(DATA.shape)
    data[...] = DATA
    assert np.array_equal(image(data).read(), DATA)


def test_arrays_are_referred_to_until_the_image_goes():
    data = DATA.copy()
    made = image(data)
    data[1, 2, 3] = 7
    assert made.read()[1, 2, 3] == 7
    with pytest.raises(ValueError, match="resize"):
        data.resize((1, 1, 1))


def test_the_array_outlives_its_name():
    made = image(DATA + 1)
    noise = [np.full(DATA.shape, 9, np.uint16) for _ in range(50)]
    assert np.array_equal(made.read(), DATA + 1) and len(noise) == 50


def test_blocks_set_after_the_whole_take_its_place():
    made = image(DATA, block_width=32, block_height=32)
    made.set_block(1, 1, np.zeros((2, 32, 32), np.uint16))
    found = made.read()
    assert not found[:, 32:, 32:].any() and np.array_equal(found[:, :32], DATA[:, :32])


def test_bool_is_zero_and_one():
    made = BufferedImageAssetProvider.create("k", 4, 3)
    made.set_full_image(np.eye(3, 4, dtype=bool))
    assert np.array_equal(made.read()[0], np.eye(3, 4, dtype=np.uint8))


@pytest.mark.parametrize(
    "data, reason",
    [
        (np.zeros((60, 2, 50), np.uint16), "50"),
        (np.moveaxis(DATA, 0, 2), "moveaxis"),
        (DATA.astype(np.int16), "uint16"),
        (DATA.astype(np.longdouble), "float64"),
        (DATA.astype(str), "dtype"),
        (DATA.astype(object), "dtype"),
        (np.ma.masked_array(DATA, DATA > 5), "filled"),
        (DATA[0, 0], "axes"),
        (DATA[None], "axes"),
        (5, "axes"),
    ],
    ids=["shape", "axes", "dtype", "long double", "text", "objects", "masked", "one axis", "four axes", "number"],
)
def test_what_does_not_fit_is_refused_with_the_reason(data, reason):
    with pytest.raises(OptionError, match=reason):
        image(DATA).set_full_image(data)


def test_out_is_filled_at_any_strides_and_returned():
    out = np.zeros((10, 20, 2), np.uint16).transpose(2, 0, 1)
    assert image(DATA).read((5, 6, 20, 10), out=out) is out
    assert np.array_equal(out, DATA[:, 6:16, 5:25])
    out = np.zeros((2, 10, 20), np.uint16)
    assert image(DATA).read((5, 6, 20, 10), out=out) is out and np.array_equal(out, DATA[:, 6:16, 5:25])


def test_an_absent_block_has_the_fill_value_that_fits():
    made = BufferedImageAssetProvider.create("k", 60, 50, 2, 32, 32, pixel_type="int16")
    made.set_block(0, 0, np.ones((2, 32, 32), np.int16))
    assert made.read(fill_value=-4)[:, 40, 40].tolist() == [-4, -4]
    assert made.read()[:, 40, 40].tolist() == [0, 0]
    for value in (40_000, 0.5, float("nan"), "1", 1j):
        with pytest.raises(OptionError, match="fill_value"):
            made.read(fill_value=value)


@pytest.mark.parametrize("level", [1, -1, 2**40, -(2**80)])
def test_a_level_that_is_not_there(level):
    for call in (image(DATA).read, image(DATA).get_block, image(DATA).has_block):
        with pytest.raises(OutOfRangeError):
            call(**({} if call.__name__ == "read" else {"block_row": 0, "block_col": 0}), resolution_level=level)


def test_numpy_numbers_are_numbers():
    made = image(DATA)
    window = tuple(np.array([1, 2, 3, 4], np.uint8))
    assert np.array_equal(made.read(window, np.array([1]), np.int8(0), threads=np.int64(1)), DATA[1:, 2:6, 1:4])
    assert made.get_block(np.uint32(0), np.int16(0)).shape == DATA.shape
