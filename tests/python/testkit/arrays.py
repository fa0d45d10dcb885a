"""Reproducible arrays of every sample type, and comparison to the bit."""
import zlib

import numpy as np

INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
DTYPES = INTEGERS + FLOATS + COMPLEX
PIXEL_TYPES = {
    "UInt8": "uint8", "Int8": "int8", "UInt16": "uint16", "Int16": "int16", "UInt32": "uint32", "Int32": "int32",
    "UInt64": "uint64", "Int64": "int64", "Float32": "float32", "Float64": "float64",
    "Complex64": "complex64", "Complex128": "complex128",
}


def image(shape, dtype, seed=0):
    """Smooth ramps plus noise over the whole range of `dtype`; the first samples hold its extreme values."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(zlib.crc32(repr((shape, dtype.str, seed)).encode()))
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}")
        return (image(shape, part, seed) + 1j * image(shape, part, seed + 1)).astype(dtype)
    bands, rows, cols = shape
    ramp = np.add.outer(np.arange(bands) * 37.0, np.add.outer(np.arange(rows) * 1.5, np.arange(cols) * 0.75))
    if dtype.kind == "f":
        data = (ramp + rng.normal(0, 3, shape)).astype(dtype)
        extremes = [0.0, -0.0, np.finfo(dtype).max, np.finfo(dtype).min, np.finfo(dtype).tiny]
    else:
        info = np.iinfo(dtype)
        span = info.max - info.min
        noise = rng.integers(0, max(span // 8, 2), shape, dtype=np.uint64)
        scaled = (ramp / max(ramp.max(), 1) * float(span) * 0.8).astype(np.uint64) + noise
        data = scaled.astype(dtype.str.replace("i", "u")).view(dtype) if dtype.kind == "i" else scaled.astype(dtype)
        extremes = [info.min, info.max, 0, 1]
    flat = data.reshape(-1)
    for i, value in enumerate(extremes[: flat.size]):
        flat[i] = value
    return data


def smooth(shape, dtype="uint8"):
    """A gentle picture for lossy codecs: low frequencies only, well inside the range."""
    bands, rows, cols = shape
    y, x = np.mgrid[0:rows, 0:cols]
    planes = [128 + 60 * np.sin((x + 9 * b) / 41.0) * np.cos((y - 5 * b) / 37.0) for b in range(bands)]
    return np.stack(planes).round().astype(dtype)


def assert_same(found, expected, note=""):
    """Same shape, same dtype in native byte order, and the same bits in every sample (NaN payloads included)."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{note}: shape {found.shape}, expected {expected.shape}"
    native = expected.dtype.newbyteorder("=")
    assert found.dtype == native, f"{note}: dtype {found.dtype}, expected {native}"
    left, right = np.ascontiguousarray(found), np.ascontiguousarray(expected.astype(native, copy=False))
    if left.tobytes() != right.tobytes():
        bits = np.dtype((np.void, native.itemsize))
        different = np.argwhere((left.view(bits) != right.view(bits)).reshape(found.shape))
        first = tuple(int(i) for i in different[0])
        raise AssertionError(f"{note}: {len(different)} of {found.size} samples differ, first at {first}: "
                             f"{left[first]!r}, expected {right[first]!r}")


def psnr(found, expected):
    """Peak signal-to-noise ratio in dB for 8-bit data."""
    error = np.mean((np.asarray(found, float) - np.asarray(expected, float)) ** 2)
    return np.inf if error == 0 else 10 * np.log10(255.0**2 / error)
