"""NITF files of many gigabytes, sparse on disk: opening reads only headers, reading a block only its bytes; segments form one image;
an image that the format cannot hold is refused before the first byte.
"""
import os

import numpy as np
import pytest
from aws.osml.io import IO, Error, OptionError, imread, imsave
from testkit import nitf_forge as nb
from testkit.children import run_json
from testkit.providers import LazyProvider
from testkit.readers import listing

SIDE = 1000  # of a block
COLUMNS, ROWS, SEGMENTS = 100_000, 80_000, 25  # of a segment; 200 GB together
SEGMENT = COLUMNS * ROWS
PLACES = [(0, 0), (0, 99), (79, 5), (80, 5), (960, 50), (1999, 99)]  # rows and columns of blocks that hold something
MOST_BYTES, MOST_ROWS = 9_999_999_998, 99_999  # of one of several segments


def content(row, col):
    """The pixels of a block: none is zero, and no two blocks are alike."""
    return ((np.add.outer(np.arange(SIDE), np.arange(SIDE)) + 7 * row + 3 * col) % 255 + 1).astype(np.uint8)


def chain(segments=SEGMENTS, rows=ROWS, columns=COLUMNS):
    """Subheaders of the segments of one image, each attached below the one before."""
    return [nb.image(rows, columns, block=(SIDE, SIDE), idlvl=n + 1, ialvl=n, iloc=(rows if n else 0, 0), name=f"PART{n:03}") for n in range(segments)]


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    path = tmp_path_factory.mktemp("sparse") / "large.ntf"
    subs = chain()
    file = nb.File([(sub, b"") for sub in subs], level=9)
    header = bytes(file.header({"images": dict.fromkeys(range(SEGMENTS), SEGMENT)}))
    try:
        with open(path, "wb") as out:
            out.write(header)
            at, starts = len(header), []
            for sub in subs:
                out.seek(at)
                out.write(bytes(sub))
                starts.append(at + len(sub))
                at += len(sub) + SEGMENT
            for row, col in PLACES:
                segment, inside = divmod(row, ROWS // SIDE)
                out.seek(starts[segment] + (inside * (COLUMNS // SIDE) + col) * SIDE * SIDE)
                out.write(content(row, col).tobytes())
            out.truncate(at)
    except OSError as error:
        pytest.skip(f"no sparse file of 200 GB here: {error}")
    if os.stat(path).st_blocks * 512 > 2**30:
        path.unlink()
        pytest.skip("this file system has no sparse files")
    yield path
    path.unlink()


COST = """
    import json, sys, time
    from aws.osml.io import IO, iminfo, imread
    from testkit.peak import peak_kilobytes
    path, small = sys.argv[1], sys.argv[2]

    def characters():
        return int(next(line for line in open("/proc/self/io") if line.startswith("rchar")).split()[1])

    def resident():
        return peak_kilobytes()

    def cost(action):
        action()                                    # once to warm up code and caches of the system
        read, memory, began = characters(), resident(), time.perf_counter()
        found = action()
        return {"seconds": time.perf_counter() - began, "read": characters() - read, "grown": (resident() - memory) << 10, "found": found}

    iminfo(small), imread(small)
    costs = {"iminfo": cost(lambda: iminfo(path).shape)}

    def block():
        with IO.open(path) as reader:
            found = reader.get_asset("image:0").get_block(80, 5, 0)
            return [list(found.shape), int(found[0, 0, 0]), int(found[0, -1, -1])]

    costs["block"] = cost(block)
    costs["window"] = cost(lambda: imread(path, window=(5100, 79_990, 30, 20)).tolist())
    def metadata():
        with IO.open(path) as reader:
            return [len(reader.get_asset(key).metadata) for key in reader][:1]

    costs["metadata"] = cost(metadata)
    print(json.dumps(costs))
"""


@pytest.fixture(scope="module")
def costs(sparse, tmp_path_factory):
    small = tmp_path_factory.mktemp("small") / "small.ntf"
    small.write_bytes(bytes(nb.File([(nb.image(8, 8), bytes(64))])))
    return run_json(COST, sparse, small, timeout=120)


def test_two_hundred_gigabytes_are_one_image(sparse, costs):
    assert sparse.stat().st_size > 200e9
    assert costs["iminfo"]["found"] == [1, ROWS * SEGMENTS, COLUMNS]


def test_iminfo_reads_only_headers(costs):
    cost = costs["iminfo"]
    assert cost["read"] < 300_000 and cost["grown"] < 8_000_000 and cost["seconds"] < 0.1, cost


def test_all_metadata_costs_only_headers(costs):
    cost = costs["metadata"]
    assert cost["read"] < 300_000 and cost["grown"] < 8_000_000 and cost["seconds"] < 0.5, cost


def test_a_block_costs_its_own_bytes(costs):
    cost, expected = costs["block"], content(80, 5)
    assert cost["found"] == [[1, SIDE, SIDE], int(expected[0, 0]), int(expected[-1, -1])]
    assert cost["read"] < 300_000 + 2 * SIDE * SIDE and cost["grown"] < 8_000_000 and cost["seconds"] < 0.2, cost


def test_a_window_over_the_edge_of_two_segments_is_right_and_cheap(costs):
    cost = costs["window"]
    above, below = content(79, 5)[-10:, 100:130], content(80, 5)[:10, 100:130]
    assert (np.array(cost["found"])[0] == np.concatenate([above, below])).all()
    assert cost["read"] < 300_000 + 4 * SIDE * SIDE and cost["grown"] < 16_000_000 and cost["seconds"] < 0.2, cost


def test_the_segments_of_a_large_image_are_assets_too(sparse):
    with IO.open(sparse) as reader:
        pieces = [f"image:0:segment:{n}" for n in range(SEGMENTS)]
        assert [key for key in reader if key.startswith("image")] == ["image:0"]
        assert reader.get_asset_keys(asset_type="image", roles=["segment"]) == pieces
        piece = reader.get_asset(pieces[12])
        assert (piece.num_rows, piece.num_columns) == (ROWS, COLUMNS) and piece.metadata["IID1"].strip() == "PART012"
        assert (piece.get_block(0, 50, 0)[0] == content(960, 50)).all()
        whole = reader.get_asset("image:0")
        assert "segment" not in whole.roles and whole.num_rows == ROWS * SEGMENTS
        for row, col in PLACES:
            assert (whole.get_block(row, col, 0)[0] == content(row, col)).all(), (row, col)
        assert not whole.get_block(1, 1, 0).any()


def test_the_whole_is_refused_without_taking_memory(sparse):
    with pytest.raises((Error, MemoryError), match="(?i)limit|max_bytes|memory|allocate"):
        imread(sparse)


class Sparse(LazyProvider):
    """A huge image of which only the blocks at `present` are there."""

    def __init__(self, rows, cols, present, metadata, block=(SIDE, SIDE), **options):
        super().__init__(rows, cols, block=block, **options)
        self.present, self.metadata, self.calls = set(present), metadata, 0

    def has_block(self, block_row, block_col, resolution_level=0):
        return (block_row, block_col) in self.present

    def get_block(self, block_row, block_col, resolution_level, bands=None):
        self.calls += 1
        full = content(block_row, block_col)[None]
        rows = min(SIDE, self.num_rows - block_row * SIDE)
        return full[:, :rows, :min(SIDE, self.num_columns - block_col * SIDE)]


def test_a_masked_image_of_more_than_ten_gigabytes_is_small_where_it_is_empty(tmp_path):
    """120 000 rows of 100 000 columns: beyond the ten digits of one segment's length if it were full."""
    path, places = tmp_path / "a.ntf", [(0, 0), (59, 99), (98, 3), (99, 3), (100, 3), (119, 99)]
    provider = Sparse(120_000, 100_000, places, {"IC": "NM"})
    with IO.open(path, "w") as writer:
        writer.add_asset("image:0", provider, title="large", roles=["data"])
    assert provider.calls == len(places)
    assert path.stat().st_size < 20 * SIDE * SIDE
    with IO.open(path) as reader:
        image = reader.get_asset("image:0")
        assert (image.num_rows, image.num_columns) == (120_000, 100_000)
        for row, col in places:
            assert image.has_block(row, col, 0) and (image.get_block(row, col, 0)[0] == content(row, col)).all()
        assert not image.has_block(1, 1, 0) and not image.has_block(118, 0, 0)
        assert_segmentation(reader)


def assert_segmentation(reader):
    """Rows are split by the rule: all columns, at most 99 999 rows, whole rows of blocks, each below the one before."""
    pieces = [reader.get_asset(key).metadata for key in reader.get_asset_keys(roles=["segment"])]
    before = None
    for number, sub in enumerate(pieces, 1):
        rows, columns = int(sub["NROWS"]), int(sub["NCOLS"])
        assert rows <= MOST_ROWS and columns == int(pieces[0]["NCOLS"])
        if number < len(pieces):
            assert rows % int(sub["NPPBV"]) == 0 and rows == int(pieces[0]["NROWS"])
            assert rows * columns * int(sub["NBPP"]) // 8 <= MOST_BYTES
        assert int(sub["IDLVL"]) == number and int(sub["IALVL"]) == number - 1
        assert (int(sub["ILOC"][:5]), int(sub["ILOC"][5:])) == (before or 0, 0)
        before = rows


class Stops(Exception):
    pass


@pytest.mark.parametrize("metadata", [{"IC": "NM"}, {"IC": "NM", "IMODE": "S"}], ids=str)
def test_more_masked_bytes_than_a_record_can_point_at_are_split_or_refused_at_once(tmp_path, metadata):
    """5 GB of blocks in one segment would need offsets beyond 32 bits."""
    path = tmp_path / "a.ntf"
    imsave(path, np.ones((1, 5, 5), np.uint8), compression="NC")
    before = path.read_bytes()

    class Full(Sparse):
        def has_block(self, *place):
            return True

        def get_block(self, *arguments):
            if self.calls == 20:
                raise Stops("enough")
            return np.repeat(super().get_block(*arguments), 2, axis=0)

    provider = Full(50_000, 50_000, (), metadata)
    provider.num_bands = 2
    try:
        with IO.open(path, "w") as writer:
            writer.add_asset("image:0", provider)
    except OptionError as error:
        assert provider.calls == 0 and any(c.isdigit() for c in str(error))
    except RuntimeError as error:
        assert isinstance(error.__cause__, Stops)
    assert path.read_bytes() == before and listing(tmp_path) == ["a.ntf"]


@pytest.mark.parametrize("rows,cols,dtype,bands", [(10_000_000, 100_001, "uint8", 1), (1_000_000, 100_001, "uint8", 10), (99_999_999, 20_000, "uint8", 1),
                                                   (2**31, 2**31, "uint8", 1), (500_000, 260_000, "float64", 1)], ids=str)
def test_more_than_twelve_digits_of_bytes_are_refused_before_the_first(tmp_path, rows, cols, dtype, bands):
    path = tmp_path / "a.ntf"
    imsave(path, np.ones((1, 5, 5), np.uint8), compression="NC")
    before = path.read_bytes()
    provider = LazyProvider(rows, cols, bands, dtype, block=(4096, 4096) if bands == 1 else (1024, 1024))
    asked = []
    provider.get_block = lambda *arguments, **options: asked.append(arguments)
    with pytest.raises(OptionError, match=r"\d{6}|99[ _,]?999"):
        with IO.open(path, "w") as writer:
            writer.metadata["FTITLE"] = "too large"
            writer.add_asset("image:0", provider)
    assert not asked
    assert path.read_bytes() == before and listing(tmp_path) == ["a.ntf"]


def test_more_rows_than_eight_digits_are_split_or_refused(tmp_path):
    """One column of 100 000 001 rows: NROWS has eight digits, and offsets of segments five."""
    data, path = np.broadcast_to(np.uint8(7), (1, 100_000_001, 1)), tmp_path / "a.ntf"
    try:
        imsave(path, data, compression="NC")
    except OptionError as error:
        assert any(c.isdigit() for c in str(error)) and listing(tmp_path) == []
    else:
        assert imread(path, window=(0, 99_999_990, 1, 11)).shape == (1, 11, 1)
        assert (imread(path, window=(0, 99_990, 1, 30)) == 7).all()


class Holes:
    """A stream that can seek, in front of a file: zeros become holes."""

    def __init__(self, path):
        self.file, self.place, self.end = open(path, "wb"), 0, 0

    def seek(self, offset, whence=0):
        self.place = offset + (0, self.place, self.end)[whence]
        return self.place

    def tell(self):
        return self.place

    def seekable(self):
        return True

    writable = seekable

    def write(self, data):
        if np.frombuffer(data, np.uint8).any():
            self.file.seek(self.place)
            self.file.write(data)
        self.place += len(data)
        self.end = max(self.end, self.place)
        return len(data)

    def flush(self):
        self.file.flush()

    def close(self):
        self.file.truncate(self.end)
        self.file.close()


@pytest.mark.slow
def test_an_uncompressed_image_of_twelve_gigabytes_is_written_in_segments(tmp_path):
    path, places = tmp_path / "a.ntf", {(0, 0), (98, 7), (99, 7), (119, 99)}
    zeros = np.zeros((1, SIDE, SIDE), np.uint8)

    class Mostly(Sparse):
        def has_block(self, *place):
            return True

        def get_block(self, block_row, block_col, *arguments):
            return content(block_row, block_col)[None] if (block_row, block_col) in places else zeros

    stream = Holes(path)
    with IO.open(stream, "w", "nitf") as writer:
        writer.add_asset("image:0", Mostly(120_000, 100_000, (), {"IC": "NC"}), title="large", roles=["data"])
    stream.close()
    assert path.stat().st_size > 12e9
    with IO.open(path) as reader:
        image = reader.get_asset("image:0")
        assert (image.num_rows, image.num_columns) == (120_000, 100_000)
        assert len(reader.get_asset_keys(roles=["segment"])) == 2
        for row, col in places:
            assert (image.get_block(row, col, 0)[0] == content(row, col)).all()
        assert_segmentation(reader)
        assert reader.metadata["CLEVEL"] == "09"
