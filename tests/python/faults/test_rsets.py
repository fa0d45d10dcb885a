"""R-sets appear together or not at all: failures in any file, and a process that is killed at any step."""
import shutil
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, CancelledError, OptionError, PaddingWarning, ProviderError, imread, imsave, write_rset
from testkit.arrays import smooth
from testkit.children import run_json, start
from testkit.providers import GridProvider
from testkit.readers import listing

KINDS = ["tif", "ntf", "nsf", "png", "jpg"]
COUNT = 4


def options_of(kind):
    return {"compression": "none"} if kind in ("ntf", "nsf") else {}


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(params=KINDS)
def former(request, tmp_path):
    """The base of a set of four files."""
    base = tmp_path / f"a.{request.param}"
    write_rset(base, smooth((3, 200, 300)), COUNT - 1, **options_of(request.param))
    return base


def paths_of(base, count=COUNT):
    return [base, *(base.with_name(f"{base.name}.r{n}") for n in range(1, count))]


def levels(count=COUNT):
    return [smooth((3, 128 >> n, 96 >> n)) for n in range(count)]


class Failing(GridProvider):
    """Raises at the request with this number."""

    def __init__(self, array, number):
        super().__init__(array, block=(32, 32))
        self.number = number

    def get_block(self, *arguments):
        if len(self.asked) == self.number:
            raise ArithmeticError("the sensor is on fire")
        return super().get_block(*arguments)


@pytest.mark.parametrize("level", range(COUNT))
def test_an_image_that_fails_in_any_file_leaves_the_former_set(former, level):
    before = content(former.parent)
    with pytest.raises(ProviderError):
        with IO.open(paths_of(former), "w") as writer:
            for n, data in enumerate(levels()):
                provider = Failing(data, 0 if n > 1 else 1) if n == level else GridProvider(data)
                writer.add_asset(f"image:0:overview:{n}" if n else "image:0", provider)
    assert content(former.parent) == before


@pytest.mark.parametrize("level", range(COUNT))
def test_a_failed_image_fails_the_set_even_if_the_caller_goes_on(former, level):
    before = content(former.parent)
    writer = IO.open(paths_of(former), "w")
    for n, data in enumerate(levels()):
        key = f"image:0:overview:{n}" if n else "image:0"
        if n == level:
            with pytest.raises(ProviderError):
                writer.add_asset(key, Failing(data, 0))
        else:
            writer.add_asset(key, GridProvider(data))
    with pytest.raises(OptionError):
        writer.close()
    writer.abort()
    assert content(former.parent) == before


@pytest.mark.parametrize("number", [0, 1, 20])
def test_a_provider_that_fails_in_the_pass_leaves_the_former_set(former, number):
    before = content(former.parent)
    with pytest.raises(ProviderError):
        write_rset(former, Failing(smooth((3, 200, 300)), number), 2)
    assert content(former.parent) == before


def test_progress_stops_the_pass_and_leaves_the_former_set(former):
    before = content(former.parent)
    with pytest.raises(CancelledError):
        write_rset(former, smooth((3, 200, 300)), 2, progress=lambda done, total: done < 1, **options_of(former.suffix[1:]))
    assert content(former.parent) == before


def test_an_exception_in_the_body_leaves_the_former_set(former):
    before = content(former.parent)
    with pytest.raises(ZeroDivisionError):
        with IO.open(paths_of(former), "w") as writer:
            for n, data in enumerate(levels()):
                writer.add_asset(f"image:0:overview:{n}" if n else "image:0", GridProvider(data))
            raise ZeroDivisionError
    assert content(former.parent) == before


def test_a_warning_that_is_an_error_leaves_the_former_set(tmp_path):
    base = tmp_path / "a.png"
    write_rset(base, np.zeros((64, 64), np.uint8), 1)
    before = content(tmp_path)
    provider = GridProvider(np.ones((1, 64, 64), np.uint8), block=(32, 32))
    provider.has_block = lambda row, col, level: (row, col) != (1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", PaddingWarning)
        with pytest.raises(PaddingWarning):
            write_rset(base, provider, 1)
    assert content(tmp_path) == before


@pytest.mark.parametrize("level", range(COUNT))
def test_a_directory_in_the_place_of_any_file_leaves_the_former_set(former, level):
    writer = IO.open(paths_of(former), "w")
    for n, data in enumerate(levels()):
        writer.add_asset(f"image:0:overview:{n}" if n else "image:0", GridProvider(data))
    blocked = paths_of(former)[level]
    blocked.unlink()
    blocked.mkdir()
    before = {path.name: path.read_bytes() for path in former.parent.iterdir() if path.is_file()}
    with pytest.raises(OSError) as caught:
        writer.close()
    assert caught.value.filename == str(blocked)
    blocked.rmdir()
    assert content(former.parent) == before


def test_a_folder_of_a_level_that_is_gone_leaves_the_others(tmp_path):
    base, folder = tmp_path / "a.tif", tmp_path / "levels"
    folder.mkdir()
    paths = [base, folder / "a.tif.r1", tmp_path / "a.tif.r2"]

    def written(sign):
        writer = IO.open(paths, "w")
        for n, data in enumerate(levels(3)):
            writer.add_asset(f"image:0:overview:{n}" if n else "image:0", GridProvider(data + np.uint8(sign)))
        return writer

    written(0).close()
    before = [base.read_bytes(), paths[2].read_bytes()]
    writer = written(1)
    shutil.rmtree(folder)
    with pytest.raises(OSError):
        writer.close()
    assert listing(tmp_path) == ["a.tif", "a.tif.r2"] and [base.read_bytes(), paths[2].read_bytes()] == before


def test_a_stream_that_fails_takes_the_files_back(tmp_path):
    write_rset(tmp_path / "a.tif", np.zeros((64, 64), np.uint8), 1)
    before = content(tmp_path)

    class Broken:
        def writable(self):
            return True

        def seekable(self):
            return False

        def write(self, data):
            raise BrokenPipeError

        def flush(self):
            pass

    with pytest.raises(BrokenPipeError):
        with IO.open([tmp_path / "a.tif", Broken()], "w", "tiff") as writer:
            writer.add_asset("image:0", GridProvider(levels()[0]))
            writer.add_asset("image:0:overview:1", GridProvider(levels()[1]))
    assert content(tmp_path) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_leaves_the_former_set(tmp_path, kind):
    base = tmp_path / f"a.{kind}"
    write_rset(base, smooth((3, 200, 300)), 2, **options_of(kind))
    before = content(tmp_path)
    found = run_json("""
        import json, resource, sys
        import numpy as np
        from aws.osml.io import write_rset
        path = sys.argv[1]
        options = dict(compression="none") if path.endswith((".ntf", ".nsf")) else {}
        data = np.random.default_rng(0).integers(0, 256, (1, 2000, 2000), dtype=np.uint8)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            write_rset(path, data, 3, **options)
            print(json.dumps("written"))
        except OSError as error:
            print(json.dumps(type(error).__name__))
        """, base)
    assert found != "written" and content(tmp_path) == before


# A child that writes sets of one generation after another: every pixel of a set has the number of its generation.
GENERATIONS = """
    import sys, time
    import numpy as np
    from aws.osml.io import write_rset
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for generation in range(first, last):
        write_rset(path, np.full((64, 64), generation, np.uint8), 3 + generation % 4, durable=False, compression="none")
        if generation == first:
            print("ready", flush=True)
"""


def check_one_generation(base):
    """The generation of the set that a reader finds, and the number of its files. All its pixels are of that generation."""
    with IO.open(base, rset=True) as reader:
        values = {int(value) for key in reader for value in np.unique(reader.get_asset(key).read())}
        assert len(values) == 1, f"files of several sets: {values}"
        return values.pop(), len(reader)


@pytest.mark.parametrize("kind", ["tif", "ntf"])
def test_sigkill_at_any_moment_leaves_files_of_one_set(tmp_path, kind):
    rng = np.random.default_rng(3)
    base = tmp_path / f"a.{kind}"
    for trial in range(12):
        child = start(GENERATIONS, base, 1, 250)
        assert "ready" in child.stdout.readline(), child.stderr.read()
        time.sleep(float(rng.uniform(0, 0.05)))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        generation, files = check_one_generation(base)
        assert 1 <= files <= 4 + generation % 4, trial
    write_rset(base, np.full((64, 64), 251, np.uint8), 2, compression="none")
    assert check_one_generation(base) == (251, 3)


WRITE = """
import sys
import numpy as np
from aws.osml.io import write_rset
write_rset(sys.argv[1], np.full((64, 64), 2, np.uint8), int(sys.argv[2]), durable=False)
"""


def killed_at(call, number, base, levels):
    """Writes a set of generation 2. strace kills the process at the system call with this name and number; False if it ends before."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}",
               sys.executable, "-B", "-c", WRITE, str(base), str(levels)]
    ended = subprocess.run(command, capture_output=True, timeout=60, text=True)
    if "ptrace" in ended.stderr.lower():
        pytest.skip("this system does not permit ptrace")
    return ended.returncode != 0


@pytest.mark.skipif(not shutil.which("strace") or sys.platform != "linux", reason="strace")
@pytest.mark.parametrize("former,new", [(4, 3), (3, 4), (0, 3)])
def test_sigkill_at_every_change_of_a_name_leaves_files_of_one_set(tmp_path, former, new):
    """The process is killed at the first, second … system call that gives, changes or removes a name."""
    seen = set()
    for call in ("rename", "linkat", "unlink"):
        for number in range(1, 30):
            folder = tmp_path / f"{call} {number}"
            folder.mkdir()
            base = folder / "a.tif"
            if former:
                write_rset(base, np.full((64, 64), 1, np.uint8), former - 1)
            if not killed_at(call, number, base, new - 1):
                assert check_one_generation(base) == (2, new) and listing(folder) == [path.name for path in paths_of(base, new)]
                break
            if not base.exists():
                assert former == 0, "the base has its name at every moment"
                seen.add(None)
                continue
            generation, files = check_one_generation(base)
            seen.add((generation, files))
            if (generation, files) != (2, new):
                # No file of the former set is lost before the new one is complete.
                assert len({path.stat().st_ino for path in folder.iterdir() if is_of_generation_1(path)}) == former
        else:
            raise AssertionError("the process was killed every time")
    if former == 0:
        assert seen <= {None, (2, new)} and None in seen
    else:
        possible = {*((1, n) for n in range(1, former + 1)), *((2, n) for n in range(1, new + 1))}
        assert seen <= possible and {(1, 1), (2, 1)} <= seen, seen


def is_of_generation_1(path):
    try:
        return imread(path).max() == 1
    except (OSError, ValueError):
        return False


def test_a_reader_never_combines_two_sets_while_they_are_replaced(tmp_path):
    base = tmp_path / "a.tif"
    child = start(GENERATIONS, base, 1, 250)
    try:
        assert "ready" in child.stdout.readline(), child.stderr.read()
        found = set()
        while child.poll() is None:
            found.add(check_one_generation(base)[0])
    finally:
        child.kill()
        child.communicate()
    assert len(found) > 1
    assert check_one_generation(base) == (249, 4 + 249 % 4)
    assert listing(tmp_path) == [path.name for path in paths_of(base, 5)]


def test_a_single_file_leaves_the_files_of_a_set_alone(tmp_path):
    write_rset(tmp_path / "a.tif", np.zeros((64, 64), np.uint8), 2)
    imsave(tmp_path / "a.tif", np.ones((64, 64), np.uint8))
    assert listing(tmp_path) == ["a.tif", "a.tif.r1", "a.tif.r2"]
    assert imread(tmp_path / "a.tif").max() == 1


def test_readers_of_a_set_pickle_and_survive_its_replacement(tmp_path):
    import pickle

    base = tmp_path / "a.tif"
    write_rset(base, np.full((64, 64), 7, np.uint8), 2)
    with IO.open(base, rset=True) as reader:
        image = reader.get_asset("image:0")
        again = pickle.loads(pickle.dumps(image))
        assert again.num_resolution_levels == 3 and pickle.loads(pickle.dumps(reader)).get_asset("image:0:overview:2").shape == (1, 16, 16)
        write_rset(base, np.full((64, 64), 9, np.uint8), 1)
        for level in range(3):
            assert image.read(resolution_level=level).max() == again.read(resolution_level=level).max() == 7
