"""A COG of a lazy image of 40 000 × 40 000 pixels takes the memory of a few rows of blocks, and a temporary file of its own size.

The measurement runs in a separate process, after a small image that warms up code, pools and caches.
"""
import json

import pytest
from testkit.children import run_json

BOUND_MB = 96
SIDE = 40_000

WRITE = """
    import json, os, stat, sys, threading
    import numpy as np
    from aws.osml.io.tiff import write_cog
    from testkit.peak import peak_kilobytes
    from testkit.providers import LazyProvider

    path, side, bands, settings = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])

    class Noise(LazyProvider):
        '''Half of the bits are noise, so that compression halves the image and takes its usual time.'''

        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            noise = np.random.default_rng(1).integers(0, 16, self._array.shape, np.uint8)
            self._array = noise + (self._array & 0xF0)

    def on_disk():
        '''Bytes of the files that this process has open and that have no name.'''
        total = 0
        for name in os.listdir("/proc/self/fd"):
            try:
                found = os.stat(f"/proc/self/fd/{name}")
            except OSError:
                continue
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                total += found.st_blocks * 512
        return total

    def watch():
        while not done.wait(0.01):
            peak[0] = max(peak[0], on_disk())

    write_cog(path, Noise(1500, 1500, bands), threads=2, **settings)
    before, peak, done = peak_kilobytes(), [0], threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    write_cog(path, Noise(side, side, bands), threads=2, **settings)
    done.set()
    watcher.join()
    print(json.dumps(((peak_kilobytes() - before) / 1024, peak[0] / os.path.getsize(path))))
"""


@pytest.mark.parametrize("side,bands,settings", [
    pytest.param(SIDE, 1, {}, id="40 000 squared"),
    pytest.param(SIDE, 1, {"compression": "none", "durable": False}, id="uncompressed", marks=pytest.mark.slow),
    pytest.param(20_000, 3, {"block_size": 256}, id="rgb"),
    pytest.param(20_000, 1, {"resampling": "cubic"}, id="cubic"),
])
def test_a_lazy_cog_takes_bounded_memory_and_disk(tmp_path, side, bands, settings):
    growth, disk = run_json(WRITE, tmp_path / "a.tif", side, bands, json.dumps(settings), timeout=900)
    assert growth <= BOUND_MB, f"{growth:.0f} MB for an image of {bands * side * side >> 20} MB"
    # The file itself, which has no name before it is complete, and a temporary file of at most 1.1 times its size.
    assert disk <= 2.1, f"{disk:.2f} times the file"
