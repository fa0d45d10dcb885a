"""Peak memory is bounded by blocks in flight, never by the image: a lazy provider written, windows read, in every format.

Each measurement runs in a separate process: first a small image to warm up code, pools and caches, then the large one. The measure
is the growth of the peak resident set between them.
"""
import itertools
import json

import pytest
from testkit.children import run_json

BOUND_MB = 64
SIDE, FULL = 20_000, 40_000

WRITE = """
    import json, sys
    import numpy as np
    from aws.osml.io import IO
    from testkit.peak import peak_kilobytes
    from testkit.providers import LazyProvider

    path, side, bands, grid, metadata = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]), json.loads(sys.argv[5])

    def write(rows, cols):
        provider = LazyProvider(rows, cols, bands, block=tuple(grid))
        provider.metadata = metadata
        with IO.open(path, "w", threads=2) as writer:
            writer.add_asset("image:0", provider)

    write(600, 600)
    before = peak_kilobytes()
    write(side, side)
    print(json.dumps((peak_kilobytes() - before) / 1024))
"""

READ = """
    import json, sys
    import numpy as np
    from aws.osml.io import IO, imread, tiles
    from testkit.peak import peak_kilobytes

    path, small, side = sys.argv[1], sys.argv[2], int(sys.argv[3])
    imread(small, window=(100, 100, 300, 300), threads=2)
    before = peak_kilobytes()
    last = side - 300
    for x, y in ((0, 0), (side // 2, side // 3), (last, last)):
        window = imread(path, window=(x, y, 300, 300), threads=2)
        row = (np.arange(y, y + 300) % 512)[:, None] * 512
        expected = ((row + np.arange(x, x + 300) % 512) % 256).astype(np.uint8)
        if not path.endswith(".jpg"):
            assert (window[0] == expected).all(), (x, y)
    with IO.open(path, threads=2) as reader:
        image = reader.get_asset("image:0")
        image.read(window=(side // 2, side // 2, 700, 500))
    print(json.dumps((peak_kilobytes() - before) / 1024))
"""

CASES = [pytest.param("tif", {}, (512, 512), id="tif deflate"), pytest.param("tif", {"259": 1}, (512, 512), id="tif uncompressed"),
         pytest.param("tif", {"259": 5, "278": 16}, (512, 512), id="tif lzw strips"),
         pytest.param("tif", {"322": 512, "323": 512}, (300, 200), id="tif other grid"),
         pytest.param("png", {}, (512, 512), id="png"), pytest.param("jpg", {}, (512, 512), id="jpg"),
         pytest.param("ntf", {"IC": "NC"}, (512, 512), id="ntf"), pytest.param("ntf", {"IC": "NM"}, (512, 512), id="ntf masked"),
         pytest.param("ntf", {"IC": "NC", "NPPBH": 1024, "NPPBV": 768}, (300, 200), id="ntf other grid"),
         pytest.param("ntf", {"IC": "C3"}, (512, 512), id="ntf jpeg blocks"),
         pytest.param("ntf", {"IC": "C3", "NPPBH": 0, "NPPBV": 0}, (512, 512), id="ntf one jpeg stream")]
READABLE = ["tif", "png", "jpg", "ntf"]


def write_growth(path, side, metadata, grid, bands=1):
    return run_json(WRITE, path, side, bands, json.dumps(grid), json.dumps(metadata), timeout=600)


@pytest.mark.parametrize("extension,metadata,grid", CASES)
def test_writing_a_lazy_image_takes_a_bounded_amount(tmp_path, extension, metadata, grid):
    growth = write_growth(tmp_path / f"a.{extension}", SIDE, metadata, grid)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


@pytest.mark.parametrize("extension", READABLE)
def test_reading_windows_of_a_large_file_takes_a_bounded_amount(tmp_path, extension):
    path, small = tmp_path / f"a.{extension}", tmp_path / f"small.{extension}"
    write_growth(path, SIDE, {}, (512, 512))
    write_growth(small, 1000, {}, (512, 512))
    growth = run_json(READ, path, small, SIDE, timeout=600)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


@pytest.mark.parametrize("metadata", [{"IC": "C3"}, {"IC": "M3"}, {"IC": "C3", "NPPBH": 0, "NPPBV": 0}])
def test_reading_windows_of_jpeg_in_nitf_takes_a_bounded_amount(tmp_path, metadata):
    path, small = tmp_path / "a.ntf", tmp_path / "small.ntf"
    write_growth(path, SIDE, metadata, (512, 512))
    write_growth(small, 1000, metadata, (512, 512))
    code = READ.replace('if not path.endswith(".jpg"):', "if False:")
    growth = run_json(code, path, small, SIDE, timeout=600)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


def test_three_bands_are_bounded_too(tmp_path):
    for extension in READABLE:
        growth = write_growth(tmp_path / f"a.{extension}", 8000, {}, (256, 256), bands=3)
        assert growth <= BOUND_MB, f"{extension}: {growth:.0f} MB for an image of {3 * 8000 * 8000 >> 20} MB"


@pytest.mark.parametrize("ic,imode", [*itertools.product(("NC", "NM"), "BPRS"), *itertools.product(("C3", "M3"), "BPS")])
def test_every_interleave_of_nitf_is_bounded(tmp_path, imode, ic):
    growth = write_growth(tmp_path / "a.ntf", 8000, {"IC": ic, "IMODE": imode}, (256, 256), bands=3)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {3 * 8000 * 8000 >> 20} MB"


@pytest.mark.slow
def test_windows_of_a_masked_nitf_of_40_000_squared_take_a_bounded_amount(tmp_path):
    path, small = tmp_path / "a.ntf", tmp_path / "small.ntf"
    write_growth(path, FULL, {"IC": "NM"}, (512, 512))
    write_growth(small, 1000, {"IC": "NM"}, (512, 512))
    growth = run_json(READ, path, small, FULL, timeout=600)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {FULL * FULL >> 20} MB"


def test_growth_does_not_follow_the_number_of_rows(tmp_path):
    """The same width, eight times the height: the blocks in flight are the same."""
    code = WRITE.replace("write(side, side)", "write(side, 5000)")
    grown = [run_json(code, tmp_path / "a.tif", rows, 1, json.dumps((512, 512)), "{}", timeout=600) for rows in (10_000, 80_000)]
    assert grown[1] <= grown[0] + 16, f"{grown[0]:.0f} MB for 10 000 rows, {grown[1]:.0f} MB for 80 000"


def test_iterating_tiles_takes_a_bounded_amount(tmp_path):
    path = tmp_path / "a.tif"
    write_growth(path, 10_000, {}, (512, 512))
    growth = run_json("""
        import json, sys
        from aws.osml.io import tiles
        from testkit.peak import peak_kilobytes
        iterator = iter(tiles(sys.argv[1], (512, 512), threads=2))
        next(iterator)
        before = peak_kilobytes()
        count = sum(1 for _ in iterator)
        assert count == 20 * 20 - 1, count
        print(json.dumps((peak_kilobytes() - before) / 1024))
        """, path, timeout=300)
    assert growth <= BOUND_MB, f"{growth:.0f} MB"


@pytest.mark.parametrize("kind,metadata", [("tiff", {"259": 1}), ("nitf", {"IC": "NC"}), ("nitf", {"IC": "NM"})], ids=str)
def test_a_stream_that_cannot_seek_is_spooled_not_kept(kind, metadata):
    growth = run_json("""
        import json, sys
        from aws.osml.io import IO
        from testkit.peak import peak_kilobytes
        from testkit.providers import LazyProvider

        class Pipe:
            def __init__(self): self.total = 0
            def writable(self): return True
            def seekable(self): return False
            def write(self, data): self.total += len(data); return len(data)
            def flush(self): pass

        def write(side):
            pipe = Pipe()
            provider = LazyProvider(side, side)
            provider.metadata = json.loads(sys.argv[2])
            with IO.open(pipe, "w", sys.argv[1]) as writer:
                writer.add_asset("image:0", provider)
            return pipe.total

        write(600)
        before = peak_kilobytes()
        assert write(20_000) > 400_000_000
        print(json.dumps((peak_kilobytes() - before) / 1024))
        """, kind, json.dumps(metadata), timeout=300)
    assert growth <= 2 * BOUND_MB, f"{growth:.0f} MB"


@pytest.mark.parametrize("bits,dtype", [(1, "uint8"), (12, "uint16")])
def test_packed_samples_in_one_block_are_bounded(tmp_path, bits, dtype):
    """The whole image is one block, whose samples run on from row to row."""
    growth = run_json("""
        import json, sys
        import numpy as np
        from aws.osml.io import IO, imread
        from testkit.peak import peak_kilobytes
        from testkit.providers import LazyProvider

        path, bits, dtype = sys.argv[1], int(sys.argv[2]), sys.argv[3]

        class Few(LazyProvider):
            def __init__(self, side):
                super().__init__(side, side, 1, dtype)
                self._array %= 1 << bits
                self.metadata = {"NBPP": bits, "NPPBH": 0, "NPPBV": 0}

        def run(side):
            with IO.open([path], "w", "nitf", threads=2) as writer:
                writer.add_asset("image:0", Few(side))
            for x, y in ((0, 0), (side // 2, side // 3), (side - 300, side - 200)):
                found = imread(path, window=(x, y, 300, 200), threads=2)[0]
                rows, cols = np.mgrid[y:y + 200, x:x + 300] % 512
                assert (found == (rows * 512 + cols).astype(dtype) % (1 << bits)).all(), (x, y)

        run(999)
        before = peak_kilobytes()
        run(12_001)
        print(json.dumps((peak_kilobytes() - before) / 1024))
        """, tmp_path / "a.ntf", bits, dtype, timeout=300)
    assert growth <= BOUND_MB, f"{growth:.0f} MB"


@pytest.mark.slow
@pytest.mark.parametrize("extension,metadata,grid", CASES)
def test_writing_40_000_squared_takes_a_bounded_amount(tmp_path, extension, metadata, grid):
    growth = write_growth(tmp_path / f"a.{extension}", FULL, metadata, grid)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {FULL * FULL >> 20} MB"


@pytest.mark.slow
@pytest.mark.parametrize("extension", READABLE)
def test_reading_windows_of_40_000_squared_takes_a_bounded_amount(tmp_path, extension):
    path, small = tmp_path / f"a.{extension}", tmp_path / f"small.{extension}"
    write_growth(path, FULL, {}, (512, 512))
    write_growth(small, 1000, {}, (512, 512))
    growth = run_json(READ, path, small, FULL, timeout=600)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {FULL * FULL >> 20} MB"
