"""Fork, spawn, pickling and many threads at once."""
import concurrent.futures
import os
import pickle
import threading

import numpy as np
import pytest
from aws.osml.io import IO, imread, imsave
from testkit.arrays import assert_same, image
from testkit.children import run, run_json
from testkit.providers import GridProvider

DATA = image((3, 600, 700), np.uint8)


def save(path, data, **options):
    """`imsave`; NITF without compression, to avoid the warning of a fallback."""
    imsave(path, data, compression="NC" if path.suffix == ".ntf" else None, **options)


@pytest.fixture(params=["tif", "ntf"])
def saved(request, tmp_path):
    path = tmp_path / f"a.{request.param}"
    save(path, DATA, block_size=(64, 64))
    return path


FORKED = """
    import os, sys
    import numpy as np
    from aws.osml.io import IO, imread, imsave
    path = sys.argv[1]
    expected = imread(path, threads=2)            # the pool has run in the parent
    reader = IO.open(path)
    image = reader.get_asset("image:0")
    image.get_block(0, 0, 0)
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                assert (image.read(threads=2) == expected).all()
                assert (imread(path, threads=2) == expected).all()
                imsave(f"{path}.{number}.tif", expected, threads=2)
                assert (imread(f"{path}.{number}.tif") == expected).all()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert statuses == [0] * 4, statuses
    assert (image.read(threads=2) == expected).all()
"""


def test_everything_works_in_children_forked_after_use(saved):
    status, out, err = run(FORKED, saved, timeout=60)
    assert status == 0, err


def test_images_travel_to_worker_processes(saved, tmp_path):
    (tmp_path / "job.py").write_text("def work(image):\n    return int(image.read(window=(10, 20, 30, 40)).astype(int).sum())\n")
    found = run_json("""
        import json, multiprocessing, os, sys
        sys.path.insert(0, sys.argv[2])
        import job
        from aws.osml.io import IO
        if __name__ == "__main__":
            image = IO.open(sys.argv[1]).get_asset("image:0")
            sums = []
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    sums += pool.map(job.work, [image] * 4)
            print(json.dumps(sums))
        """, saved, tmp_path)
    assert found == [int(DATA[:, 20:60, 10:40].astype(int).sum())] * 8


def test_an_image_of_a_stream_does_not_pickle_or_keeps_its_pixels(saved):
    import io

    found = IO.open(io.BytesIO(saved.read_bytes())).get_asset("image:0")
    try:
        copy = pickle.loads(pickle.dumps(found))
    except (TypeError, ValueError, pickle.PicklingError) as error:
        assert str(error)
    else:
        assert_same(copy.read(), DATA)


def test_many_threads_share_one_image(saved):
    with IO.open(saved) as reader:
        found = reader.get_asset("image:0")

        def work(seed):
            rng = np.random.default_rng(seed)
            for _ in range(20):
                x, y = int(rng.integers(0, 650)), int(rng.integers(0, 550))
                assert_same(found.read(window=(x, y, 50, 50)), DATA[:, y:y + 50, x:x + 50])
                row, col = int(rng.integers(0, 9)), int(rng.integers(0, 10))
                assert_same(found.get_block(row, col, 0), DATA[:, row * 64:(row + 1) * 64, col * 64:(col + 1) * 64])
            return seed

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            assert list(pool.map(work, range(24))) == list(range(24))


def test_many_threads_write_their_own_files(tmp_path):
    def work(number):
        path = tmp_path / f"{number}.{('tif', 'png', 'ntf')[number % 3]}"
        save(path, DATA, threads=2)
        assert_same(imread(path, threads=2), DATA)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert len(list(tmp_path.iterdir())) == 24


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_threads_that_write_one_target_leave_one_whole_file(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    versions = [np.full((1, 300, 300), value, np.uint8) for value in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda data: save(path, data), versions))
    found = imread(path)
    assert found.shape == (1, 300, 300) and (found == found[0, 0, 0]).all()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extension", ["tif", "ntf"])
def test_get_block_is_called_from_the_thread_that_writes(tmp_path, extension):
    seen = set()

    class Recording(GridProvider):
        def get_block(self, *args, **kwargs):
            seen.add(threading.get_ident())
            return super().get_block(*args, **kwargs)

    with IO.open(tmp_path / f"a.{extension}", "w", threads=4) as writer:
        writer.add_asset("image:0", Recording(DATA, (64, 64)))
    assert len(seen) == 1


def test_the_gil_is_free_while_an_array_is_written(tmp_path):
    data = np.random.default_rng(0).integers(0, 256, (1, 6000, 6000), dtype=np.uint8)
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.wait(0.005):
            ticks.append(1)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        before = len(ticks)
        imsave(tmp_path / "a.tif", data, compression="lzw", threads=1)
        during = len(ticks) - before
    finally:
        stop.set()
        ticker.join()
    assert during > 20, "another Python thread hardly ran while the array was compressed"


def test_the_environment_sets_the_number_of_threads(saved):
    code = """
        import os, sys, threading
        import numpy as np
        from aws.osml.io import imread, imsave
        peak = 0
        def count():
            return len(os.listdir("/proc/self/task"))
        before = count()
        stop = threading.Event()
        def watch():
            global peak
            while not stop.is_set():
                peak = max(peak, count())
        watcher = threading.Thread(target=watch); watcher.start()
        data = np.random.default_rng(0).integers(0, 256, (1, 5000, 5000), dtype=np.uint8)
        imsave(sys.argv[1] + ".out.tif", data, compression="lzw")
        stop.set(); watcher.join()
        print(peak - before - 1)
    """
    old = os.environ.get("OSML_IO_THREADS")
    try:
        os.environ["OSML_IO_THREADS"] = "1"
        status, one, err = run(code, saved)
        assert status == 0, err
        os.environ["OSML_IO_THREADS"] = "4"
        status, four, err = run(code, saved)
        assert status == 0, err
    finally:
        os.environ.pop("OSML_IO_THREADS") if old is None else os.environ.__setitem__("OSML_IO_THREADS", old)
    assert int(one) == 0, "one thread means no threads"
    assert int(four) >= 3


def test_a_sub_interpreter_is_refused_clearly_or_works():
    status, out, err = run("""
        try:
            import _interpreters as interpreters
        except ImportError:
            try:
                import _xxsubinterpreters as interpreters
            except ImportError:
                raise SystemExit(0)
        import aws.osml.io
        number = interpreters.create()
        code = "try:\\n    import numpy, aws.osml.io\\nexcept ImportError as error:\\n    assert str(error)"
        found = interpreters.run_string(number, code)
        interpreters.destroy(number)
        """)
    assert status == 0, f"{status}\n{err}"
