"""Input pixels from integer arithmetic only: the same on every machine and with every version of NumPy."""

from functools import cache

import numpy as np


@cache
def pixels(spec):
    """The array of a request: pattern, shape, dtype and, where not all are used, bits: `"noisy 1x20x30 uint16 12"`."""
    pattern, shape, name, *bits = spec.split()
    bands, rows, columns = (int(side) for side in shape.split("x"))
    b, y, x = np.ogrid[:bands, :rows, :columns]
    dtype = np.dtype(name)
    width = int(bits[0]) if bits else dtype.itemsize * 8 if dtype.kind in "iu" else 10
    values = _PATTERNS[pattern](b.astype(np.uint64), y.astype(np.uint64), x.astype(np.uint64), np.uint64(width))
    values = np.ascontiguousarray(np.broadcast_to(values, (bands, rows, columns)))
    array = _typed(values, dtype, signed=not bits)
    array.flags.writeable = False
    return array


def _typed(values, dtype, signed):
    """The values in a type; halves and quarters in that of floats, which are exact."""
    if dtype.kind == "c":
        part = np.dtype(f"f{dtype.itemsize // 2}")
        real, imaginary = _typed(values, part, signed), _typed(values[:, ::-1, ::-1], part, signed)
        return np.stack([real, imaginary], axis=-1).view(dtype)[..., 0]
    if dtype.kind == "f":
        return values.astype(dtype) / dtype.type(4) - dtype.type(64)
    array = values.astype(dtype.str.replace("i", "u"))
    return array.view(dtype) if signed else array.astype(dtype)


def _smooth(b, y, x, bits):
    """A triangle wave over the lower or the upper half of the range, with a ripple in the last bits."""
    wave = (x * np.uint64(2) + y * np.uint64(3) + b * np.uint64(40)) % np.uint64(256)
    wave = np.where(wave < 128, wave, np.uint64(255) - wave)
    if bits <= 8:
        return wave >> (np.uint64(8) - bits)
    return (wave << (bits - np.uint64(8))) + ((x + y) % np.uint64(3))


def _noisy(b, y, x, bits):
    """The upper bits of a linear congruential step, twice mixed."""
    number = (b * np.uint64(7919) + y) * np.uint64(104729) + x + np.uint64(1)
    for _ in range(2):
        number = number * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        number = number ^ (number >> np.uint64(29))
    return number >> (np.uint64(64) - bits)


def _grainy(b, y, x, bits):
    """The triangle wave with noise in its last two bits, as a camera has it."""
    return _smooth(b, y, x, bits) ^ (_noisy(b, y, x, bits) & np.uint64(3))


def _constant(b, y, x, bits):
    return (b + y * np.uint64(0) + x * np.uint64(0) + np.uint64(1)) & ((np.uint64(1) << (bits - np.uint64(1))) - np.uint64(1))


def _thematic(b, y, x, bits):
    """A few classes in areas."""
    return ((x // np.uint64(11)) * np.uint64(5) + (y // np.uint64(7)) * np.uint64(3) + b) % np.uint64(min(7, 2 ** int(bits)))


def _gaps(b, y, x, bits):
    """Noise in a frame of zeros that is wider than a block of 64."""
    inside = (y >= 70) & (x >= 70) & (y < 150) & (x < 160)
    return np.where(inside, _noisy(b, y, x, bits) | np.uint64(1), np.uint64(0))


_PATTERNS = {"smooth": _smooth, "noisy": _noisy, "grainy": _grainy, "constant": _constant, "thematic": _thematic, "gaps": _gaps}
