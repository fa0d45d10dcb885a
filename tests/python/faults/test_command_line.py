"""The command `osml-io` on a terminal and under signals."""
import os
import pty
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from aws.osml.io import imsave

COMMAND = [sys.executable, "-m", "aws.osml.io"]


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "a.tif"
    noise = np.random.default_rng(1).integers(0, 65535, (3000, 3000), dtype=np.uint16)
    imsave(path, np.stack([noise] * 3), compression="none")
    return path


def on_a_terminal(*words, until=None):
    """Runs the command with a terminal as standard error. Returns the exit code and what the terminal received."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([*COMMAND, *map(str, words)], stderr=theirs, stdout=subprocess.DEVNULL)
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 90
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                received = os.read(ours, 4096)
            except OSError:
                break
            if not received:
                break
            shown += received
            if until is not None and until in shown:
                child.send_signal(signal.SIGINT)
                until = None
    os.close(ours)
    return child.wait(60), shown.decode()


def test_a_terminal_has_a_progress_bar_that_is_removed(large, tmp_path):
    code, shown = on_a_terminal("convert", large, tmp_path / "b.ntf")
    assert code == 0 and "%" in shown and "█" in shown and shown.endswith("\r\x1b[K")
    code, shown = on_a_terminal("convert", large, tmp_path / "b.ntf", "--quiet")
    assert (code, shown) == (0, "")


def test_a_pipe_has_no_progress_bar(large, tmp_path):
    done = subprocess.run([*COMMAND, "convert", large, tmp_path / "b.tif"], capture_output=True, timeout=90)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", b"")


@pytest.mark.parametrize("words", [[], ["--jobs", "2"]], ids=["one", "batch"])
def test_ctrl_c_ends_with_130_and_leaves_the_target(large, tmp_path, words):
    if words:
        copy = tmp_path / "copy.tif"
        copy.symlink_to(large)
        (tmp_path / "out").mkdir()
        target = tmp_path / "out" / "copy.ntf"
        arguments = ["convert", large, copy, "--to", tmp_path / "out", "--format", "nitf", *words]
        target.write_bytes(b"former")
        child = subprocess.Popen([*COMMAND, *map(str, arguments)], stderr=subprocess.PIPE)
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
        code, shown = child.returncode, errors.decode()
    else:
        target = tmp_path / "b.ntf"
        target.write_bytes(b"former")
        code, shown = on_a_terminal("convert", large, target, until=b"%")
    assert code == 130 and "Traceback" not in shown
    assert target.read_bytes() == b"former"
    assert [path.name for path in target.parent.iterdir()] in ([target.name], [target.name, "copy.tif"], ["copy.tif", target.name])


def test_a_folder_that_cannot_be_written_is_one_line(large, tmp_path):
    done = subprocess.run([*COMMAND, "convert", large, tmp_path / "none" / "b.tif"], capture_output=True, timeout=60)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and b"Traceback" not in done.stderr
