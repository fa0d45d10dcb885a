"""Every truncation and ten thousand mutations of small files of each format: an image or an error, never a crash or hang, never
too much memory."""
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the driver and the seeds also run outside of pytest
import fuzz_driver
import fuzz_seeds

DRIVER = Path(__file__).with_name("fuzz_driver.py")
MUTATIONS = int(os.environ.get("OSML_IO_MUTATIONS", 10_000))
HANG = 10.0  # seconds for one case
KINDS = ["tiff", "png", "jpeg", "nitf", "j2k", "codecs"]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    fuzz_seeds.write_seeds(folder)
    return folder


class Child:
    """One driver process over a range of cases, watched: it must name the next case within `HANG` seconds."""

    def __init__(self, folder, kind, mode, first, last):
        self.arguments = [str(folder), kind, mode, str(first), str(last)]
        self.case, self.report, self.lines = None, None, queue.Queue()
        self.process = subprocess.Popen([sys.executable, str(DRIVER), *self.arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, RUST_BACKTRACE="0"))
        self.errors = []
        threading.Thread(target=self._collect, daemon=True).start()
        self.reader = threading.Thread(target=lambda: self.errors.append(self.process.stderr.read()), daemon=True)
        self.reader.start()

    def _collect(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def finish(self):
        """Waits for the end; returns a complaint, or None when all went well."""
        while True:
            try:
                line = self.lines.get(timeout=HANG + 5)  # the first case also pays for the imports
            except queue.Empty:
                self.process.kill()
                return f"case {self.case} hung for more than {HANG} s; {self.how()}"
            if line is None:
                break
            if line.startswith("{"):
                self.report = json.loads(line)
            else:
                self.case = int(line)
        status = self.process.wait()
        self.reader.join()
        if status != 0 or self.report is None:
            return f"case {self.case} ended the process with {status}; {self.how()}\n{''.join(self.errors)[-2000:]}"
        if any(self.errors):
            return f"the standard error has text; {self.how()}\n{''.join(self.errors)[-2000:]}"
        if self.report["complaints"]:
            return f"{self.report['complaints']}; {self.how()}"
        if self.report["slowest"][0] > HANG:
            return f"case {self.report['slowest'][1]} took {self.report['slowest'][0]} s"
        return None

    def how(self):
        return f"reproduce: fuzz_driver.py {' '.join(self.arguments[:3])} N N+1"


def run_all(folder, kind, mode, total):
    """All cases 0…total−1 in two processes; returns the added-up reports."""
    middle = total // 2
    children = [Child(folder, kind, mode, 0, middle), Child(folder, kind, mode, middle, total)]
    complaints = [child.finish() for child in children]
    assert complaints == [None, None], "\n".join(filter(None, complaints))
    return {name: sum(child.report[name] for child in children) for name in ("cases", "images", "errors")}


@pytest.mark.parametrize("kind", KINDS)
def test_the_seeds_are_valid_and_varied(seeds, kind):
    from aws.osml.io import UnsupportedError, imread

    files = sorted(seeds.glob(f"{kind}-*"))
    assert len(files) >= 12
    for path in files:
        if "unsupported" in path.name:
            with pytest.raises(UnsupportedError):
                imread(path)
            continue
        assert imread(path).shape[1:] == (19, 21), path.name
        assert fuzz_driver.explore(path) is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_truncation_is_an_error_or_an_image(seeds, kind):
    sizes = [path.stat().st_size for path in sorted(seeds.glob(f"{kind}-*"))]
    found = run_all(seeds, kind, "truncate", sum(sizes))
    assert found["cases"] == sum(sizes)
    assert found["errors"] > found["cases"] // 10, "truncation must be noticed"


@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_mutations_are_errors_or_images(seeds, kind):
    found = run_all(seeds, kind, "mutate", MUTATIONS)
    assert found["cases"] == MUTATIONS
    assert found["errors"] > MUTATIONS // 20 and found["images"] > MUTATIONS // 50, f"the mutations reach only one side: {found}"
