"""Runs pieces of Python in separate processes, where signals, limits and crashes do no harm."""
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def start(code, *args, **kwargs):
    """Starts `code` as a child process; it can import `testkit` and finds `args` in sys.argv[1:]."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]), PYTHONUNBUFFERED="1")
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *map(str, args)], env=env, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def run(code, *args, timeout=60, **kwargs):
    """Runs `code` to its end and returns (return code, stdout, stderr); a hang fails the test."""
    child = start(code, *args, **kwargs)
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"the child hung for {timeout} s\n{out}\n{err}") from None
    return child.returncode, out, err


def run_json(code, *args, timeout=60, **kwargs):
    """Runs `code`, which must succeed and print one JSON value as its last line; returns that value."""
    status, out, err = run(code, *args, timeout=timeout, **kwargs)
    assert status == 0, f"child ended with {status}\n{out}\n{err}"
    return json.loads(out.strip().splitlines()[-1])


def interrupt_after(child, word, delay):
    """Waits for `word` on the child's output, lets it work for `delay` seconds, sends SIGINT; returns the moment it was sent."""
    line = child.stdout.readline()
    assert word in line, line + child.stderr.read()
    time.sleep(delay)
    assert child.poll() is None, "the child had already finished: the work was too small to be interrupted"
    moment = time.monotonic()
    child.send_signal(signal.SIGINT)
    return moment
