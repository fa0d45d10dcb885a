"""Hypothesis strategies: images of any type, shape and memory layout, and valid ways to store them."""
import numpy as np
from hypothesis import strategies as st

from testkit.arrays import COMPLEX, DTYPES, FLOATS, image

SIDES = st.one_of(st.integers(1, 70), st.sampled_from([1, 15, 16, 17, 63, 64, 65, 127, 128, 129]))
PREDICTED = ("lzw", "deflate", "zstd", "lzma")

LAYOUTS = {
    "plain": lambda a: a,
    "rows reversed": lambda a: a[:, ::-1],
    "columns reversed": lambda a: a[:, :, ::-1],
    "bands reversed": lambda a: a[::-1],
    "all reversed": lambda a: a[::-1, ::-1, ::-1],
    "transposed": lambda a: a.transpose(0, 2, 1),
    "chunky": lambda a: a.transpose(1, 2, 0).copy().transpose(2, 0, 1),
    "row of bands": lambda a: a.transpose(1, 0, 2).copy().transpose(1, 0, 2),
    "Fortran": np.asfortranarray,
    "every second": lambda a: np.repeat(np.repeat(a, 2, axis=1), 3, axis=2)[:, ::2, 1::3],
    "unaligned": lambda a: np.ndarray(a.shape, a.dtype, b"\0" + a.tobytes(), offset=1),
    "broadcast": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "read-only": lambda a: _frozen(a),
}


def _frozen(array):
    array.setflags(write=False)
    return array


@st.composite
def images(draw, dtypes=tuple(DTYPES), bands=st.integers(1, 6), sides=SIDES):
    """An array (bands, rows, columns) in some memory layout and byte order."""
    dtype = draw(st.sampled_from(dtypes))
    data = image((draw(bands), draw(sides), draw(sides)), dtype, draw(st.integers(0, 99)))
    data = LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](data)
    return data.astype(data.dtype.newbyteorder(">")) if draw(st.booleans()) else data


@st.composite
def tiff_options(draw, dtype, rows):
    """(compression, metadata) that are valid for `dtype`."""
    compression = draw(st.sampled_from(["none", "lzw", "deflate", "packbits", "zstd", "lzma"]))
    metadata = {"284": draw(st.sampled_from([1, 2]))}
    if draw(st.booleans()):
        metadata["278"] = draw(st.integers(1, rows + 5))
    else:
        metadata["322"], metadata["323"] = draw(st.tuples(*[st.sampled_from([16, 32, 48, 64, 128])] * 2))
    if compression in PREDICTED and np.dtype(dtype).name not in COMPLEX:
        metadata["317"] = draw(st.sampled_from([1, 3 if np.dtype(dtype).name in FLOATS else 2]))
    return compression, metadata


@st.composite
def windows(draw, rows, cols):
    """(x, y, width, height) inside an image."""
    x, y = draw(st.integers(0, cols - 1)), draw(st.integers(0, rows - 1))
    return x, y, draw(st.integers(1, cols - x)), draw(st.integers(1, rows - y))
