"""The decoded blocks that a reader keeps are bounded, and freed when it is closed. Measured in separate processes."""
import numpy as np
import pytest
from aws.osml.io import imsave
from testkit.children import run_json

READ = """
    import ctypes, json, sys
    import numpy as np
    from aws.osml.io import IO
    from testkit.peak import STATUS

    def resident():
        return int(next(line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")).split()[1]) / 1024

    path, bound = sys.argv[1], json.loads(sys.argv[2])
    reader = IO.open(path, threads=2, **({} if bound is None else {"cache_bytes": bound}))
    image = reader.get_asset("image:0")
    image.read(window=(5, 5, 300, 300))
    before = peak = resident()
    for y in range(100, 8_000, 225):
        for x in range(70, 8_000, 225):
            image.read(window=(x, y, 400, 400))
        peak = max(peak, resident())
    reader.close()
    # glibc returns memory that was freed to the system only when asked.
    getattr(ctypes.CDLL(None), "malloc_trim", lambda pad: None)(0)
    print(json.dumps([peak - before, resident() - before]))
"""


@pytest.fixture(scope="module", params=["deflate", "none"])
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("cache") / "a.tif"
    rows = np.arange(12_000, dtype=np.uint16)
    imsave(path, np.add.outer(rows, rows)[None], compression=request.param, block_size=(512, 512))
    return path, request.param


@pytest.mark.parametrize("bound,megabytes", [(None, 64), (0, 0), (16 << 20, 16)])
def test_kept_blocks_are_bounded_and_freed_at_close(path, bound, megabytes):
    path, compression = path
    grown, left = run_json(READ, path, "null" if bound is None else bound, timeout=120)
    assert grown <= megabytes + 12, f"{grown:.0f} MiB"
    assert left <= 12, f"{left:.0f} MiB after close"
    if bound is None and compression == "deflate":
        assert grown >= 40, "windows that share blocks keep them"
    if compression == "none":
        assert grown <= 12, "uncompressed rows are read as fast as they are copied"
