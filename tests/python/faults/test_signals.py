"""Ctrl-C and SIGKILL in the middle of the work, each in a separate process."""
import json
import signal
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


@pytest.mark.parametrize("extension", ["tif", "png", "jpg", "ntf", "nsf"])
def test_sigkill_in_mid_write_keeps_the_old_file_and_leaves_at_most_a_temporary(tmp_path, extension):
    path = tmp_path / f"picture.{extension}"
    save(path, image((1, 50, 60), np.uint8))
    before = path.read_bytes()
    child = start(KILLED, path)
    assert "ready" in child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    left = [name for name in listing(tmp_path) if name != path.name]
    assert len(left) <= 1
    for name in left:
        assert "tmp" in name or "part" in name or "picture" in name, f"{name} does not show that it is temporary"
        assert not name.endswith(f"picture.{extension}") or name.startswith("."), "it must not be taken for the image"
    # the next run neither needs nor removes the leftovers of another
    other = image((1, 50, 60), np.uint8, 1)
    save(path, other)
    if extension != "jpg":
        assert_same(imread(path), other)
    assert set(left) <= set(listing(tmp_path))


def test_a_killed_new_write_never_shows_a_target(tmp_path):
    child = start(KILLED, tmp_path / "picture.tif")
    assert "ready" in child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.communicate()
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
