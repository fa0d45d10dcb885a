"""Faults while JPEG blocks of a NITF are written, in each IMODE: the former file stays, and nothing else is left."""
import signal

import numpy as np
import pytest
from aws.osml.io import IO, ProviderError, imread, imsave
from testkit.arrays import image
from testkit.children import run_json, start
from testkit.jpeg_streams import streams
from testkit.nitf_bytes import parse
from testkit.nitf_ours import heard, quiet
from testkit.providers import GridProvider
from testkit.readers import listing

MODES = [("C3", "B", 1), ("C3", "B", 3), ("C3", "P", 3), ("C3", "S", 3), ("M3", "S", 2)]
BLOCKS = 3 * 4


def metadata(code, mode):
    return {"IC": code, "IMODE": mode, "NPPBH": 64, "NPPBV": 64}


class FailsAt(GridProvider):
    """Raises `error` instead of block number k."""

    def __init__(self, bands, k, error, fields):
        super().__init__(image((bands, 180, 250), np.uint8), (64, 64), metadata=fields)
        self.k, self.error = k, error

    def get_block(self, *args, **kwargs):
        block = super().get_block(*args, **kwargs)
        if len(self.asked) == self.k + 1:
            raise self.error
        return block


@pytest.fixture
def untouched(tmp_path):
    path = tmp_path / "a.ntf"
    imsave(path, image((1, 20, 20), np.uint8), compression="NC")
    before = path.read_bytes()
    yield path
    assert path.read_bytes() == before and listing(tmp_path) == [path.name]


@pytest.mark.parametrize("code,mode,bands", MODES)
@pytest.mark.parametrize("k", range(BLOCKS))
def test_an_exception_at_any_block_leaves_the_former_file(untouched, code, mode, bands, k):
    original = ValueError(f"bad granule {k}")
    with quiet(), pytest.raises(ProviderError, match=f"bad granule {k}") as caught, IO.open(untouched, "w", threads=1 + k % 3) as writer:
        writer.add_asset("image:0", FailsAt(bands, k, original, metadata(code, mode)))
    assert caught.value.__cause__ is original


@pytest.mark.parametrize("code,mode,bands", MODES)
def test_a_full_disk_leaves_the_former_file(untouched, code, mode, bands):
    found = run_json("""
        import json, resource, signal, sys, warnings
        import numpy as np
        from aws.osml.io import imsave
        path, code, mode, bands = sys.argv[1:]
        warnings.simplefilter("ignore")
        data = np.random.default_rng(0).integers(0, 256, (int(bands), 900, 900)).astype(np.uint8)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        errors = []
        for threads in (1, 3):
            try:
                imsave(path, data, metadata={"IC": code, "IMODE": mode, "COMRAT": "95.0", "NPPBH": 128, "NPPBV": 128}, threads=threads)
                errors.append("none")
            except OSError as error:
                errors.append("OSError")
        print(json.dumps(errors))
        """, untouched, code, mode, bands)
    assert found == ["OSError", "OSError"]


@pytest.mark.parametrize("mode", ["P", "S"])
def test_a_killed_process_leaves_the_former_file(untouched, mode):
    child = start("""
        import sys, time
        from aws.osml.io import IO
        from testkit.providers import LazyProvider
        def progress(done, total):
            if done >= total // 2:
                print("ready", flush=True)
                time.sleep(60)
        made = LazyProvider(2000, 2000, 3, block=(64, 64))
        made.metadata = {"IC": "C3", "IMODE": sys.argv[2], "NPPBH": 64, "NPPBV": 64}
        with IO.open(sys.argv[1], "w", progress=progress) as writer:
            writer.add_asset("image:0", made)
        """, untouched, mode)
    assert "ready" in child.stdout.readline(), child.stderr.read()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("code,mode,bands", MODES)
@pytest.mark.parametrize("number", [0, 5, BLOCKS - 1])
def test_a_damaged_block_is_an_error_or_read_in_part(tmp_path, code, mode, bands, number):
    path = tmp_path / "a.ntf"
    data = np.cumsum(np.random.default_rng(1).integers(-2, 3, (bands, 180, 250)), 2).clip(-90, 90).astype(np.int16) + 100
    with quiet():
        imsave(path, data.astype(np.uint8), metadata=metadata(code, mode))
        whole = imread(path)
    found = parse(path).images[0]
    begin = int.from_bytes(found.data[:4], "big") if code == "M3" else 0
    together = bands if mode == "B" else 1
    stream = streams(found.data[begin:])[number * together]
    content = bytearray(path.read_bytes())
    # From the fourth restart marker on, the stream becomes the fill bytes of its end marker.
    start = found.data_offset + begin + stream.start
    at, end = start + stream.content.index(b"\xff\xd2" if mode == "P" else b"\xff\xd3"), start + len(stream.content) - 2
    content[at:end] = b"\xff" * (end - at)
    path.write_bytes(content)
    with pytest.raises(OSError, match=f"block {number}"):
        imread(path)
    with heard():
        part = imread(path, partial=True, fill_value=7)
    row, column = divmod(number, 4)
    inside = np.zeros(whole.shape, bool)
    band = slice(None) if mode == "P" else slice(0, 1)
    inside[band, 64 * row:64 * row + 64, 64 * column:64 * column + 64] = True
    # Chrominance is not interpolated across blocks, so that all other blocks are as before.
    assert (part[~inside] == whole[~inside]).all() and (part[inside] == 7).any()
