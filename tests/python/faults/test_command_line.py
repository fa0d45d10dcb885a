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


def test_ctrl_c_ends_with_130_and_leaves_the_target(large, tmp_path):
    target = tmp_path / "b.ntf"
    target.write_bytes(b"former")
    code, shown = on_a_terminal("convert", large, target, until=b"%")
    assert code == 130 and "Traceback" not in shown
    assert target.read_bytes() == b"former" and list(tmp_path.iterdir()) == [target]


def test_ctrl_c_ends_a_batch_between_and_inside_of_files(large, tmp_path):
    """The signal comes after the first file of forty, so the last is not reached on any machine."""
    sources = [tmp_path / f"{number:02}.tif" for number in range(40)]
    for source in sources:
        source.symlink_to(large)
    out = tmp_path / "out"
    out.mkdir()
    last = out / "39.ntf"
    last.write_bytes(b"former")
    arguments = ["convert", *sources, "--to", out, "--format", "nitf", "--jobs", "2"]
    child = subprocess.Popen([*COMMAND, *map(str, arguments)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(list(out.glob("0*.ntf"))) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130 and b"Traceback" not in errors
    assert last.read_bytes() == b"former"
    assert all(path.suffix == ".ntf" for path in out.iterdir()), "parts of files are left"


def test_a_folder_that_cannot_be_written_is_one_line(large, tmp_path):
    done = subprocess.run([*COMMAND, "convert", large, tmp_path / "none" / "b.tif"], capture_output=True, timeout=60)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and b"Traceback" not in done.stderr
