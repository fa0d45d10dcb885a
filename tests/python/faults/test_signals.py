"""Ctrl-C and SIGKILL in the middle of the work, each in a separate process."""
import json
import os
import signal
import sys
import time

import numpy as np
import pytest
from aws.osml.io import imread, imsave
from testkit.arrays import assert_same, image
from testkit.children import interrupt_after, run, start
from testkit.readers import listing

# The promise is 0.3 s; a loaded test machine of two cores may take twice as long.
PROMISE, MARGIN = 0.3, 0.4


def save(path, data):
    """`imsave`; NITF without compression, to avoid the warning of a fallback."""
    imsave(path, data, compression="NC" if path.suffix in (".ntf", ".nsf") else None)


REPORT = """
        except KeyboardInterrupt as error:
            print(json.dumps({"caught": type(error).__name__, "at": time.monotonic()}), flush=True)
        else:
            print(json.dumps({"caught": "nothing", "at": time.monotonic()}), flush=True)
"""
HEAD = """
        import json, os, sys, time
        import numpy as np
        from aws.osml.io import IO, imread, imsave, tiles
        from testkit.providers import LazyProvider
        path, kind = sys.argv[1], sys.argv[2]
"""
SLOW = HEAD + """
        class Slow(LazyProvider):
            def get_block(self, *args, **kwargs):
                time.sleep(0.05)
                return super().get_block(*args, **kwargs)
        print("ready", flush=True)
        try:
            with IO.open(path, "w") as writer:
                writer.add_asset("image:0", Slow(20000, 20000, block=(64, 64)))
""" + REPORT
ONE_LONG_BLOCK = HEAD + """
        class Sleeping(LazyProvider):
            def get_block(self, *args, **kwargs):
                time.sleep(30)
        print("ready", flush=True)
        try:
            with IO.open(path, "w") as writer:
                writer.add_asset("image:0", Sleeping(64, 64, block=(64, 64)))
""" + REPORT
THREADS = HEAD + """
        class Sleeping(LazyProvider):
            def get_block(self, *args, **kwargs):
                time.sleep(5)
        print("ready", flush=True)
        try:
            with IO.open(path, "w", provider_threads=4) as writer:
                writer.add_asset("image:0", Sleeping(640, 640, block=(64, 64)))
""" + REPORT
ARRAY = HEAD + """
        data = np.random.default_rng(0).integers(0, 256, (3, 12000, 12000), dtype=np.uint8)
        options = {"tif": dict(compression="lzw", threads=1), "png": dict(threads=1), "jpg": dict(quality=95, threads=1),
                   "ntf": dict(compression="NC", threads=1)}[kind]
        print("ready", flush=True)
        try:
            while True:
                imsave(path, data, **options)
""" + REPORT
READING = HEAD + """
        print("ready", flush=True)
        try:
            while True:
                imread(path, threads=1)
""" + REPORT


def interrupted(code, path, kind="tif", delay=0.5):
    """Runs `code`, sends SIGINT while it works; returns (the exception it caught, seconds from the signal until then)."""
    child = start(code, path, kind)
    try:
        sent = interrupt_after(child, "ready", delay)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode == 0, err
    found = json.loads(out.strip().splitlines()[-1])
    return found["caught"], found["at"] - sent


@pytest.mark.parametrize("kind", ["tif", "png", "jpg", "ntf"])
def test_ctrl_c_stops_a_slow_provider(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    save(path, image((1, 50, 60), np.uint8))
    before = path.read_bytes()
    caught, seconds = interrupted(SLOW, path, kind)
    assert caught == "KeyboardInterrupt"
    assert seconds < PROMISE + MARGIN
    assert path.read_bytes() == before and listing(tmp_path) == [path.name]


def test_ctrl_c_inside_a_long_get_block_is_the_provider_s_own_interrupt(tmp_path):
    caught, seconds = interrupted(ONE_LONG_BLOCK, tmp_path / "a.tif")
    assert caught == "KeyboardInterrupt" and seconds < PROMISE + MARGIN
    assert listing(tmp_path) == []


def test_ctrl_c_ends_a_write_whose_provider_is_called_by_other_threads(tmp_path):
    caught, seconds = interrupted(THREADS, tmp_path / "a.tif")
    assert caught == "KeyboardInterrupt" and seconds < PROMISE + MARGIN
    assert listing(tmp_path) == []


@pytest.mark.parametrize("kind", ["tif", "png", "jpg", "ntf"])
def test_ctrl_c_stops_a_long_write_of_an_array(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    save(path, image((1, 50, 60), np.uint8))
    before = path.read_bytes()
    caught, seconds = interrupted(ARRAY, path, kind, delay=0.3)
    assert caught == "KeyboardInterrupt"
    assert seconds < PROMISE + MARGIN
    assert listing(tmp_path) == [path.name]
    # the child writes again and again: a first round may have replaced the file, but never half of it
    assert path.read_bytes() == before or imread(path).shape == (3, 12000, 12000)


@pytest.mark.parametrize("kind", ["tif", "png", "jpg", "ntf"])
def test_ctrl_c_stops_a_long_read(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    save(path, image((3, 4000, 4000), np.uint8))
    caught, seconds = interrupted(READING, path, kind)
    assert caught == "KeyboardInterrupt" and seconds < PROMISE + MARGIN


KILLED = """
        import sys, time
        from aws.osml.io import IO
        from testkit.providers import LazyProvider
        class Slow(LazyProvider):
            count = 0
            def get_block(self, *args, **kwargs):
                Slow.count += 1
                if Slow.count == 40:
                    print("ready", flush=True)
                if Slow.count > 40:
                    time.sleep(0.2)
                return super().get_block(*args, **kwargs)
        with IO.open(sys.argv[1], "w") as writer:
            writer.add_asset("image:0", Slow(2000, 2000, block=(64, 64)))
"""


PHASES = """
        import sys, time
        from aws.osml.io import IO
        from testkit.providers import LazyProvider
        path, phase = sys.argv[1:]
        def reached(name):
            if name == phase:
                print("ready", flush=True)
                time.sleep(60)
        class Slow(LazyProvider):
            count = 0
            def get_block(self, *args, **kwargs):
                Slow.count += 1
                if Slow.count == 40:
                    reached("mid-write")
                return super().get_block(*args, **kwargs)
        writer = IO.open(path, "w")
        reached("created")
        writer.add_asset("image:0", Slow(2000, 2000, block=(64, 64)))
        reached("added")
        writer.close()
"""
# tmpfs, ext4, xfs, btrfs and others have files without a name; a network file system may not.
UNNAMED = sys.platform == "linux" and hasattr(os, "O_TMPFILE")


def kill(child):
    assert "ready" in child.stdout.readline(), child.stderr.read()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL


@pytest.mark.skipif(not UNNAMED, reason="files without a name")
@pytest.mark.parametrize("extension", ["tif", "png", "jpg", "ntf", "nsf"])
def test_sigkill_in_mid_write_keeps_the_old_file_and_leaves_nothing(tmp_path, extension):
    path = tmp_path / f"picture.{extension}"
    save(path, image((1, 50, 60), np.uint8))
    before = path.read_bytes()
    kill(start(KILLED, path))
    assert path.read_bytes() == before and listing(tmp_path) == [path.name]
    other = image((1, 50, 60), np.uint8, 1)
    save(path, other)
    if extension != "jpg":
        assert_same(imread(path), other)


@pytest.mark.skipif(not UNNAMED, reason="files without a name")
@pytest.mark.parametrize("phase", ["created", "mid-write", "added"])
@pytest.mark.parametrize("existing", [False, True])
def test_sigkill_in_any_phase_leaves_nothing_beside_the_target(tmp_path, phase, existing):
    path = tmp_path / "picture.ntf"
    if existing:
        save(path, image((1, 50, 60), np.uint8))
    before = listing(tmp_path), existing and path.read_bytes()
    kill(start(PHASES, path, phase))
    assert (listing(tmp_path), existing and path.read_bytes()) == before


@pytest.mark.skipif(not UNNAMED, reason="files without a name")
def test_sigkill_at_any_moment_leaves_a_whole_file_or_nothing(tmp_path):
    # A new target gets its name in one system call: no moment leaves anything else.
    code = """
        import sys
        import numpy as np
        from aws.osml.io import imsave
        data = np.random.default_rng(0).integers(0, 256, (3, 700, 700), dtype=np.uint8)
        print("ready", flush=True)
        imsave(sys.argv[1], data, compression="none")
        print("done", flush=True)
    """
    rng = np.random.default_rng(5)
    for n in range(20):
        path = tmp_path / f"{n}.tif"
        child = start(code, path)
        assert "ready" in child.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.02)))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert listing(tmp_path) in ([], [path.name])
        if path.exists():
            assert imread(path).shape == (3, 700, 700)
            path.unlink()


def test_a_killed_new_write_never_shows_a_target(tmp_path):
    kill(start(KILLED, tmp_path / "picture.tif"))
    assert not (tmp_path / "picture.tif").exists()


def test_a_signal_handler_of_the_caller_runs_and_the_write_goes_on(tmp_path):
    status, out, err = run("""
        import os, signal, sys, threading, time
        import numpy as np
        from aws.osml.io import imread, imsave
        hits = []
        signal.signal(signal.SIGUSR1, lambda *a: hits.append(time.monotonic()))
        data = np.random.default_rng(0).integers(0, 256, (1, 6000, 6000), dtype=np.uint8)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        start = time.monotonic()
        while time.monotonic() - start < 0.6:
            imsave(sys.argv[1], data, compression="lzw")
        assert len(hits) == 1, hits
        assert (imread(sys.argv[1]) == data).all()
        """, tmp_path / "a.tif")
    assert status == 0, err


def test_the_process_ends_promptly_while_a_writer_is_open(tmp_path):
    began = time.monotonic()
    status, out, err = run("""
        import sys
        from aws.osml.io import IO
        from testkit.providers import LazyProvider
        writer = IO.open(sys.argv[1], "w")
        writer.add_asset("image:0", LazyProvider(300, 300))
        """, tmp_path / "a.tif")
    assert status == 0, err
    assert time.monotonic() - began < 10
    assert listing(tmp_path) == [], "a writer that is never closed leaves neither target nor temporary"
