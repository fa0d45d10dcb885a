"""Images whose blocks the caller encodes: `DatasetWriter.begin_image`, on this thread, on others and in other processes."""
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from aws.osml.io import IO, BlockEncoder, BufferedImageAssetProvider, EncodedBlock, ImageWriter, OptionError, OutOfRangeError, imread
from testkit.arrays import assert_same, image, psnr
from testkit.children import run_json
from testkit.nitf_bytes import parse
from testkit.nitf_judges import jbpy_check
from testkit.nitf_pixels import absent, pixels
from testkit.providers import GridProvider

DATA = image((3, 900, 500), np.uint8)
NITF = {"FDT": "20260101000000", "FTITLE": "blocks"}
FILE_METADATA = {"tif": {}, "png": {}, "jpg": {}, "ntf": NITF}
IMAGE_METADATA = {
    "tif": {"TileWidth": 128, "TileLength": 96, "Compression": "Deflate", "Predictor": 2},
    "png": {"PNG_GAMMA": 0.45455},
    "jpg": {"JPEG_QUALITY": 80},
    "ntf": {"NPPBH": 128, "NPPBV": 96, "IMODE": "P", "IDATIM": "20260101000000"},
}
FORMATS = sorted(FILE_METADATA)


def made(name, data=DATA, block=(100, 70), **metadata):
    bands, rows, columns = data.shape
    found = BufferedImageAssetProvider.create(
        "image:0", columns, rows, bands, *block, pixel_type=data.dtype, metadata={**IMAGE_METADATA[name], **metadata})
    found.set_full_image(data)
    return found


def create(path):
    writer = IO.open(path, "w")
    for key, value in FILE_METADATA[path.suffix[1:]].items():
        writer.metadata[key] = value
    return writer


def whole(path, provider):
    with create(path) as writer:
        writer.add_asset("image:0", provider, title="title")
    return path.read_bytes()


def places(begun):
    rows, columns = begun.grid_shape
    return [(row, column) for row in range(rows) for column in range(columns)]


def part(data, begun, at):
    x, y, width, height = begun.block_window(*at)
    return data[:, y:y + height, x:x + width]


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_of_threads_in_any_order_make_the_same_file(tmp_path, name):
    path = tmp_path / f"blocks.{name}"
    with create(path) as writer, writer.begin_image("image:0", like=made(name), title="title") as begun:
        assert isinstance(begun, ImageWriter) and isinstance(begun.encoder, BlockEncoder)
        order = np.random.default_rng(3).permutation(np.array(places(begun)))
        with ThreadPoolExecutor(4) as pool:
            for block in pool.map(lambda at: begun.encoder.encode(*at, part(DATA, begun, at)), order):
                assert isinstance(block, EncodedBlock) and block.nbytes > 0
                begun.append(block)
    assert path.read_bytes() == whole(tmp_path / f"whole.{name}", made(name))


@pytest.mark.parametrize("name", FORMATS)
def test_blocks_of_other_processes_make_the_same_file(tmp_path, name):
    np.save(tmp_path / "pixels.npy", DATA)
    (tmp_path / "job.py").write_text(
        "def encode(job):\n    encoder, at, pixels = job\n    return encoder.encode(*at, pixels)\n")
    path = tmp_path / f"blocks.{name}"
    grid = run_json("""
        import json, multiprocessing, pathlib, sys
        import numpy as np
        folder = pathlib.Path(sys.argv[1])
        sys.path.insert(0, str(folder))
        import job
        from spec import test_begin_image as spec
        if __name__ == "__main__":
            path = folder / sys.argv[2]
            data = np.load(folder / "pixels.npy")
            name = path.suffix[1:]
            with spec.create(path) as writer, writer.begin_image("image:0", like=spec.made(name), title="title") as begun:
                jobs = [(begun.encoder, at, spec.part(data, begun, at)) for at in reversed(spec.places(begun))]
                with multiprocessing.get_context("spawn").Pool(2) as pool:
                    for block in pool.imap_unordered(job.encode, jobs):
                        begun.append(block)
            print(json.dumps(begun.grid_shape))
        """, tmp_path, path.name)
    assert np.prod(grid) > 1
    assert path.read_bytes() == whole(tmp_path / f"whole.{name}", made(name))


CODED = [("C3", "B", (128, 96)), ("C3", "S", (128, 96)), ("C3", "P", (500, 900)), ("M3", "P", (128, 96)), ("M3", "S", (128, 96)),
         ("NM", "R", (128, 96)), ("I1", "P", (500, 900))]


@pytest.mark.parametrize("code,mode,size", CODED)
def test_blocks_of_a_coded_nitf_in_any_order_make_the_same_file(tmp_path, code, mode, size):
    metadata = {"IC": code, "IMODE": mode, "NPPBH": size[0], "NPPBV": size[1]}
    path = tmp_path / "blocks.ntf"
    with create(path) as writer, writer.begin_image("image:0", like=made("ntf", **metadata), title="title") as begun:
        assert len(places(begun)) > 1, "a large stream is encoded in bands of rows"
        for at in reversed(places(begun)):
            encoder = pickle.loads(pickle.dumps(begun.encoder))
            begun.append(pickle.loads(pickle.dumps(encoder.encode(*at, part(DATA, begun, at)))))
    assert path.read_bytes() == whole(tmp_path / "whole.ntf", made("ntf", **metadata))


@pytest.mark.parametrize("code,mode", [("NM", "B"), ("NM", "P"), ("NM", "S"), ("M3", "P"), ("M3", "S")])
@pytest.mark.parametrize("pad", [None, 9])
def test_blocks_that_are_not_appended_are_absent_in_a_masked_nitf(tmp_path, code, mode, pad):
    metadata = {"IC": code, "IMODE": mode, **({} if pad is None else {"TPXCD": pad})}
    path = tmp_path / "a.ntf"
    with create(path) as writer:
        writer.add_asset("image:0", made("ntf"))
        with writer.begin_image("image:1", like=made("ntf", **metadata)) as begun:
            for at in places(begun)[2:]:
                begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
        writer.add_asset("image:2", made("ntf"))
    found = parse(path).images
    assert all((pixels(found[index]) == DATA).all() for index in (0, 2))
    with IO.open(path) as reader:
        image = reader.get_asset("image:1")
        assert [image.has_block(*at, 0) for at in places(begun)] == [False, False] + [True] * (len(places(begun)) - 2)
        read = image.read()
        assert (read[:, :96, :256] == (pad or 0)).all()
        assert psnr(read[:, 96:], DATA[:, 96:]) > (99 if code == "NM" else 9)
        assert_same(reader.get_asset("image:2").read(), DATA)
    if code == "NM":
        assert absent(found[1]) == {(0, 0), (0, 1)}
    jbpy_check(path)


def test_the_image_may_be_a_plain_object_whose_blocks_are_never_asked_for(tmp_path):
    provider = GridProvider(DATA, metadata={"TileWidth": 64, "TileLength": 64})
    with create(tmp_path / "a.tif") as writer, writer.begin_image("image:0", like=provider) as begun:
        assert begun.grid_shape == (15, 8)
        for at in places(begun):
            begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    assert provider.asked == []
    assert_same(imread(tmp_path / "a.tif"), DATA)


@pytest.mark.parametrize("name", ["tif", "ntf"])
def test_blocks_of_one_band_and_full_blocks_are_taken(tmp_path, name):
    data = image((1, 100, 130), np.uint16)
    with create(tmp_path / f"a.{name}") as writer, writer.begin_image("image:0", like=made(name, data)) as begun:
        for at in places(begun):
            pixels = part(data, begun, at)[0]
            full = np.pad(pixels, [(0, 96 - pixels.shape[0]), (0, 128 - pixels.shape[1])], constant_values=0)
            begun.append(begun.encoder.encode(*at, pixels if at[0] else full))
    assert_same(imread(tmp_path / f"a.{name}"), data)


def test_a_block_travels_as_bytes(tmp_path):
    with create(tmp_path / "a.tif") as writer, writer.begin_image("image:0", like=made("tif")) as begun:
        for at in places(begun):
            block = begun.encoder.encode(*at, part(DATA, begun, at))
            copy = pickle.loads(pickle.dumps(block))
            assert (copy.row, copy.col, copy.nbytes) == (block.row, block.col, block.nbytes) == (*at, block.nbytes)
            begun.append(copy)
    assert_same(imread(tmp_path / "a.tif"), DATA)


@pytest.mark.parametrize("name", FORMATS)
def test_a_block_of_another_shape_or_place_is_refused(tmp_path, name):
    path = tmp_path / f"a.{name}"
    with create(path) as writer:
        with writer.begin_image("image:0", like=made(name), title="title") as begun:
            rows, columns = begun.grid_shape
            with pytest.raises(OutOfRangeError):
                begun.block_window(rows, 0)
            with pytest.raises(OutOfRangeError):
                begun.encoder.encode(0, columns, part(DATA, begun, (0, 0)))
            for wrong in (part(DATA, begun, (0, 0))[:, 1:], DATA[:1, :1, :1], part(DATA, begun, (0, 0)).astype(np.uint16)):
                with pytest.raises(OptionError):
                    begun.encoder.encode(0, 0, wrong)
            for at in places(begun):
                block = begun.encoder.encode(*at, part(DATA, begun, at))
                begun.append(block)
                with pytest.raises(OptionError, match="already appended"):
                    begun.append(block)
            with pytest.raises(TypeError):
                begun.append(b"block")
    assert path.read_bytes() == whole(tmp_path / f"whole.{name}", made(name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_block_of_another_image_is_refused(tmp_path, name):
    foreign = []
    others = [(other, {}) for other in FORMATS if other != name] + [("tif", {"Compression": "LZW"}), ("tif", {"Predictor": 1})]
    for number, (other, metadata) in enumerate(others):
        writer = create(tmp_path / f"{number}.{other}")
        with pytest.raises(ZeroDivisionError), writer.begin_image("image:0", like=made(other, **metadata)) as begun:
            foreign.append(begun.encoder.encode(0, 0, part(DATA, begun, (0, 0))))
            raise ZeroDivisionError
        writer.abort()
    path = tmp_path / f"a.{name}"
    with create(path) as writer, writer.begin_image("image:0", like=made(name), title="title") as begun:
        for block in foreign:
            with pytest.raises(OptionError, match="another image"):
                begun.append(pickle.loads(pickle.dumps(block)))
        for at in places(begun):
            begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    assert path.read_bytes() == whole(tmp_path / f"whole.{name}", made(name))


def test_requests_are_refused_as_by_add_asset(tmp_path):
    with create(tmp_path / "a.tif") as writer:
        with pytest.raises(OptionError, match="Compression"):
            writer.begin_image("image:0", like=made("tif", Compression="none of them"))
        with pytest.raises(TypeError):
            writer.begin_image("image:0", like=object())
        writer.add_asset("image:0", made("tif"))
        with pytest.raises(OptionError, match="image:0"):
            writer.begin_image("image:0", like=made("tif"))
    assert_same(imread(tmp_path / "a.tif"), DATA)


def test_nothing_else_is_added_while_an_image_is_open(tmp_path):
    with create(tmp_path / "a.ntf") as writer, writer.begin_image("image:0", like=made("ntf")) as begun:
        with pytest.raises(OptionError, match="image:0"):
            writer.add_asset("image:1", made("ntf"))
        for at in places(begun):
            begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    with IO.open(tmp_path / "a.ntf") as reader:
        assert len(reader.get_asset_keys()) == 1


def test_blocks_that_are_not_appended_are_absent_in_a_tiff(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path / "a.tif"
    with create(path) as writer, writer.begin_image("image:0", like=made("tif")) as begun:
        for at in places(begun)[1:]:
            begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    expected = DATA.copy()
    expected[:, :96, :128] = 0
    with IO.open(path) as reader:
        found = reader.get_asset("image:0")
        assert not found.has_block(0, 0, 0) and found.has_block(0, 1, 0)
        assert_same(found.read(), expected)
    with rasterio.open(path) as peer:
        assert_same(peer.read(), expected)


@pytest.mark.parametrize("name", ["png", "jpg", "ntf"])
def test_missing_blocks_fail_the_file_if_none_can_be_absent(tmp_path, name):
    path = tmp_path / f"a.{name}"
    path.write_bytes(b"before")
    with pytest.raises(OptionError, match=r"are missing|cannot be completed"), create(path) as writer:
        with writer.begin_image("image:0", like=made(name)) as begun:
            for at in places(begun)[1:]:
                begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_masked_nitf_has_the_blocks_for_which_the_image_returned_true(tmp_path):
    provider = made("ntf", block=(128, 96), IC="NM", IMODE="B")

    class Masked:
        def __getattr__(self, name):
            return getattr(provider, name)

        def has_block(self, row, col, level):
            return (row, col) != (1, 1)

    path = tmp_path / "a.ntf"
    with create(path) as writer, writer.begin_image("image:0", like=Masked()) as begun:
        with pytest.raises(OptionError, match="has_block"):
            begun.append(begun.encoder.encode(1, 1, part(DATA, begun, (1, 1))))
        for at in places(begun):
            if at != (1, 1):
                begun.append(begun.encoder.encode(*at, part(DATA, begun, at)))
    with IO.open(path) as reader:
        found = reader.get_asset("image:0")
        assert not found.has_block(1, 1, 0) and found.has_block(1, 0, 0)
        assert_same(found.get_block(1, 0, 0), DATA[:, 96:192, :128])


def test_an_exception_in_the_body_fails_the_file(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"before")
    with create(path) as writer:
        with pytest.raises(ZeroDivisionError), writer.begin_image("image:0", like=made("tif")) as begun:
            begun.append(begun.encoder.encode(0, 0, part(DATA, begun, (0, 0))))
            raise ZeroDivisionError
        with pytest.raises(OptionError, match="image:0"):
            writer.close()
        writer.abort()
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
