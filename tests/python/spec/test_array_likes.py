"""Arrays that are sliced block by block: any object with `shape`, `dtype` and slicing is an image as it is."""
import io
import json

import numpy as np
import pytest
from aws.osml.io import IO, imread, imsave, iminfo, write_rset
from aws.osml.io.tiff import write_cog
from testkit.arrays import assert_same, image
from testkit.children import run_json


class Sliced:
    """An array that can be sliced and nothing else; it records the parts that were asked for."""

    def __init__(self, array, chunks=None):
        self._array, self.shape, self.dtype, self.parts = array, array.shape, array.dtype, []
        if chunks is not None:
            self.chunks = chunks

    def __getitem__(self, key):
        assert all(isinstance(part, slice) for part in key)
        part = self._array[key]
        self.parts.append(part.shape)
        return part


PIXELS = image((3, 600, 700), np.uint16)


@pytest.mark.parametrize("name", ["a.tif", "a.ntf", "a.png", "a.jp2"])
@pytest.mark.parametrize("chunks", [None, (3, 100, 100), (1, 600, 64), ((3,), (300, 300), (256, 256, 188))], ids=repr)
def test_imsave_writes_what_it_writes_of_the_array(name, chunks, tmp_path):
    sliced = Sliced(PIXELS, chunks)
    imsave(tmp_path / name, sliced)
    imsave(tmp_path / f"b{name}", PIXELS)
    assert_same(imread(tmp_path / name), PIXELS)
    assert (tmp_path / name).stat().st_size == (tmp_path / f"b{name}").stat().st_size
    assert iminfo(tmp_path / name).block_size == iminfo(tmp_path / f"b{name}").block_size
    assert sliced.parts and (chunks is None or max(shape[2] for shape in sliced.parts) < 700)


@pytest.mark.parametrize("array", [PIXELS, PIXELS[0], PIXELS[0] > 9, PIXELS.astype(">f4"), PIXELS[:, ::-1, ::2]], ids=range(5))
def test_arrays_of_numpy_are_images_as_they_are(array, tmp_path):
    with IO.open(tmp_path / "a.tif", "w") as writer:
        writer.add_asset("image:0", array, title="An array", metadata={"Software": "s"}, chunks=(100, 200))
    expected = array.astype(np.uint8) if array.dtype == bool else array.astype(array.dtype.newbyteorder("="))
    assert_same(imread(tmp_path / "a.tif"), expected.reshape(-1, *array.shape[-2:]))
    assert iminfo(tmp_path / "a.tif").metadata["Software"] == "s"


@pytest.mark.parametrize("chunks,sides", [(64, {64}), ((50, 70), {50}), ((9, 30, 700), {30}), (None, {256, 600 - 512})])
def test_chunks_are_the_blocks_that_are_asked_for(chunks, sides):
    sliced = Sliced(PIXELS, None if chunks else (1, 128, 700))
    with IO.open(io.BytesIO(), "w", "tiff") as writer:
        writer.add_asset("image:0", sliced, chunks=chunks)
    assert {shape[1] for shape in sliced.parts} >= sides
    assert max(shape[1] for shape in sliced.parts) == max(sides)


@pytest.mark.parametrize("chunks", [0, (1,), (1, 2, 3, 4), (0, 5), "auto", (1.5, 2)])
def test_wrong_chunks_are_refused(chunks):
    with IO.open(io.BytesIO(), "w", "tiff") as writer:
        with pytest.raises((ValueError, TypeError), match="chunks"):
            writer.add_asset("image:0", PIXELS, chunks=chunks)
        writer.abort()


def test_wrong_arrays_are_refused():
    for array in (Sliced(np.zeros(5)), Sliced(np.zeros((2, 2, 2, 2))), Sliced(np.zeros((3, 0, 4)))):
        with pytest.raises(ValueError, match="array shape"):
            imsave(io.BytesIO(), array, format="tiff")
    with pytest.raises(ValueError, match="dtype"):
        imsave(io.BytesIO(), Sliced(np.zeros((4, 4), "U3")), format="tiff")


def test_an_array_is_a_cog_and_an_rset(tmp_path):
    write_cog(tmp_path / "a.tif", Sliced(PIXELS), resampling="nearest")
    assert_same(imread(tmp_path / "a.tif"), PIXELS)
    paths = write_rset(tmp_path / "b.ntf", Sliced(PIXELS), 1)
    assert len(paths) == 2 and iminfo(paths[1]).width == 350


def test_dask(tmp_path):
    dask = pytest.importorskip("dask.array")
    array = dask.from_array(PIXELS, chunks=(3, 250, 300)) + 1
    imsave(tmp_path / "a.tif", array)
    assert_same(imread(tmp_path / "a.tif"), PIXELS + np.uint16(1))
    with IO.open(tmp_path / "b.tif", "w", provider_threads=2) as writer:
        writer.add_asset("image:0", array)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_h5py(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("x", data=PIXELS, chunks=(1, 64, 64))
        imsave(tmp_path / "a.tif", data)
    assert_same(imread(tmp_path / "a.tif"), PIXELS)


def test_zarr_and_xarray(tmp_path):
    zarr, xarray = pytest.importorskip("zarr"), pytest.importorskip("xarray")
    stored = zarr.open_array(str(tmp_path / "a.zarr"), mode="w", shape=PIXELS.shape, chunks=(3, 100, 100), dtype="u2")
    stored[:] = PIXELS
    imsave(tmp_path / "a.tif", stored)
    imsave(tmp_path / "b.tif", xarray.DataArray(PIXELS, dims=("band", "y", "x")))
    for name in ("a.tif", "b.tif"):
        assert_same(imread(tmp_path / name), PIXELS)


def test_a_memmap(tmp_path):
    mapped = np.memmap(tmp_path / "a.raw", np.uint16, "w+", shape=PIXELS.shape)
    mapped[:] = PIXELS
    with IO.open(tmp_path / "a.tif", "w") as writer:
        writer.add_asset("image:0", mapped)
    assert_same(imread(tmp_path / "a.tif"), PIXELS)


def test_memory_is_bounded_by_the_blocks():
    """An array of 1.6 GB that computes its parts."""
    grown = run_json("""
        import json, io, os
        import numpy as np
        from aws.osml.io import imsave
        from testkit.peak import peak_kilobytes

        class Computed:
            dtype = np.dtype("uint8")
            def __init__(self, side):
                self.shape = (side, side)
            def __getitem__(self, key):
                rows, columns = (range(*part.indices(side)) for part, side in zip(key, self.shape))
                return np.zeros((len(rows), len(columns)), np.uint8)

        imsave(os.devnull, Computed(600), format="tiff", threads=2)
        before = peak_kilobytes()
        imsave(os.devnull, Computed(40_000), format="tiff", threads=2, compression="lzw")
        print(json.dumps((peak_kilobytes() - before) / 1024))
    """, timeout=300)
    assert grown < 96
