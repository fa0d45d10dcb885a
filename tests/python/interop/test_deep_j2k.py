"""JPEG 2000 images of up to 38 bits: what is written is read again to the last bit. No other library at hand decodes more than 31 bits."""
import io
import itertools

import imagecodecs
import numpy as np
import pytest
from testkit.codestreams import Codestream, with_region_of_interest

from aws.osml.io import UnsupportedError, iminfo, imread, imsave

ROWS, COLUMNS = 70, 90


def limits(bits, is_signed):
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)


def sample_type(bits, is_signed):
    size = next(size for size in (8, 16, 32, 64) if bits <= size)
    return np.dtype(f"{'int' if is_signed else 'uint'}{size}")


def deep(bits, is_signed, bands):
    """Waves over much of the range, with noise in all lower ones; and as far as a coefficient of 37 bits allows it, the extremes
    side by side, and noise in all bits."""
    low, high = limits(bits, is_signed)
    rng = np.random.default_rng(bits)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    waves = np.stack([(np.sin(x / 9 + band) + np.cos(y / 7) + 2) / 4 for band in range(bands)])
    waves = waves if bits <= 34 else 0.25 + 0.5 * waves
    pixels = low + np.floor(waves * (high - low)).astype("int64")
    pixels ^= rng.integers(0, max(1, (high - low) >> 10), pixels.shape, endpoint=True)
    pixels = pixels.clip(low, high)
    if bits <= 34:
        pixels[:, :2, ::2], pixels[:, :2, 1::2] = low, high
        pixels[:, 40:, 50:] = rng.integers(low, high, (bands, ROWS - 40, COLUMNS - 50), endpoint=True)
    return pixels.astype(sample_type(bits, is_signed))


def smooth(bits, bands):
    """Waves over most of the range of the bits with a little noise, and large areas of the extremes."""
    low, high = limits(bits, False)
    rng = np.random.default_rng(bits)
    y, x = np.mgrid[:ROWS, :COLUMNS]
    pixels = np.stack([(np.sin(x / 19 + band) + np.cos(y / 17) + 2) / 4 for band in range(bands)]) * high + rng.normal(0, high / 500, (bands, ROWS, COLUMNS))
    pixels[:, :32, :32], pixels[:, 32:64, :32] = low, high
    return pixels.clip(low, high).astype("int64").astype(sample_type(bits, False))


def stored(pixels, bits, kind="j2k", tile=(COLUMNS, ROWS), **metadata):
    stream = io.BytesIO()
    stated = {"NBPP": bits, "ABPP": bits} if kind == "nitf" else {"J2K_BITS": bits}
    imsave(stream, pixels, format=kind, compression="C8" if kind == "nitf" else "j2k", block_size=tile, metadata=stated | metadata)
    return stream.getvalue()


@pytest.mark.parametrize("bits, is_signed", list(itertools.product([1, 8, 16, 24, 26, 27, 30, 31, 32, 33, 36, 37, 38], [False, True])))
@pytest.mark.parametrize("bands, transform", [(1, 0), (3, 0), (3, 1)])
def test_every_depth_is_exact(bits, is_signed, bands, transform):
    pixels = deep(bits, is_signed, bands)
    metadata = {"J2K_MCT": transform} if bands == 3 else {}
    for tile in [(COLUMNS, ROWS), (33, 40)]:
        data = stored(pixels, bits, tile=tile, **metadata)
        assert {depth & 0x7F for depth in Codestream(data).siz["depths"]} == {bits - 1}
        found = imread(io.BytesIO(data))
        assert found.dtype == pixels.dtype and (found == pixels).all()
        for x, y, width, height in [(0, 0, 1, 1), (30, 20, 40, 45), (89, 69, 1, 1)]:
            part = imread(io.BytesIO(data), window=(x, y, width, height))
            assert (part == pixels[:, y:y + height, x:x + width]).all()
        assert (imread(io.BytesIO(data), bands=[bands - 1]) == pixels[[bands - 1]]).all()


@pytest.mark.parametrize("kind", ["jp2", "nitf"])
@pytest.mark.parametrize("bits", [31, 32, 38])
@pytest.mark.parametrize("is_signed", [False, True])
def test_files_hold_every_depth(kind, bits, is_signed):
    pixels = deep(bits, is_signed, 3)
    data = stored(pixels, bits, kind, (64, 64))
    found = imread(io.BytesIO(data))
    assert found.dtype == pixels.dtype and (found == pixels).all()
    assert iminfo(io.BytesIO(data)).dtype == pixels.dtype


@pytest.mark.parametrize("metadata", [
    {"J2K_QUALITY_LAYERS": 3}, {"J2K_CODE_BLOCK_STYLE": "bypass terminate"}, {"J2K_CODE_BLOCK_STYLE": "reset causal segmentation"},
    {"J2K_PROGRESSION": "RPCL", "J2K_PRECINCTS": "32 32"}, {"J2K_DECOMPOSITION_LEVELS": 1}, {"J2K_CODE_BLOCK": "8 128"}], ids=str)
def test_every_style_of_deep_images_is_exact(metadata):
    pixels = deep(38, False, 2)
    assert (imread(io.BytesIO(stored(pixels, 38, **metadata))) == pixels).all()


def reversible_low(samples, axis):
    """The low-pass half of the wavelet 5-3 along an axis (T.800 F.4.8.1), in Python's integers."""
    x = np.moveaxis(samples, axis, 0)
    at = lambda n: x[min(abs(n), 2 * (len(x) - 1) - abs(n))]
    high = [at(2 * n + 1) - ((at(2 * n) + at(2 * n + 2)) >> 1) for n in range(len(x) // 2)]
    before = lambda n: high[max(n - 1, 0)] if n < len(high) or len(x) % 2 == 0 else high[n - 1]
    after = lambda n: high[n] if n < len(high) else high[-1]
    low = [x[2 * n] + ((before(n) + after(n) + 2) >> 2) for n in range((len(x) + 1) // 2)]
    return np.moveaxis(np.stack(low), 0, axis)


@pytest.mark.parametrize("bits, is_signed", [(31, False), (32, True), (38, False), (38, True)])
def test_reductions_are_the_low_pass_bands(bits, is_signed):
    pixels = deep(bits, is_signed, 1)
    data = stored(pixels, bits)
    low, high = limits(bits, is_signed)
    shift = 0 if is_signed else 1 << (bits - 1)
    expected = pixels.astype("int64") - shift
    for level in (1, 2, 3):
        expected = reversible_low(reversible_low(expected, 1), 2)
        found = imread(io.BytesIO(data), resolution_level=level)
        assert (found == (expected + shift).clip(low, high)).all()


@pytest.mark.parametrize("bits", [12, 16, 20, 24, 31, 32, 38])
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("compression", ["j2k", "htj2k"])
def test_images_of_every_depth_by_rate_are_near(bits, bands, compression):
    pixels = smooth(bits, bands)
    errors = []
    for rate in (2, 4, 8, 12, 20):
        data = stored(pixels, bits, J2K_RATE=rate, J2K_HIGH_THROUGHPUT=int(compression == "htj2k"))
        found = imread(io.BytesIO(data))
        assert Codestream(data).cod["wavelet"] == 0 and found.dtype == pixels.dtype
        errors.append(np.sqrt(((found.astype(float) - pixels) ** 2).mean()) / 2.0**bits)
        if bits <= 31:
            expected = imagecodecs.jpeg2k_decode(data).reshape(ROWS, COLUMNS, bands).transpose(2, 0, 1)
            # OpenJPEG rounds a constant to four digits.
            assert np.abs(found.astype("int64") - expected).max() <= max(4, 2 ** (bits - 14))
    # Each bit halves the error, down to that of floats with 24 bits.
    assert all(error < 2.0**-(rate + 1) + 2.0**-20 for rate, error in zip((2, 4, 8, 12, 20), errors)), errors


def test_regions_of_interest_of_deep_images_are_unsupported():
    data = with_region_of_interest(stored(deep(32, False, 1), 32))
    with pytest.raises(UnsupportedError, match="got 32, expected at most 31"):
        imread(io.BytesIO(data))
