"""The types of the package, judged by mypy: programs that must pass, and programs with one mistake each that must not."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1] / "typing"  # holds cases only: a test module in a package of that name would hide the standard one
PASS, FAIL = sorted((HERE / "pass").glob("*.py")), sorted((HERE / "fail").glob("*.py"))


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """File name → list of (line, error code); one run of mypy --strict over all cases."""
    pytest.importorskip("mypy")
    cache = tmp_path_factory.mktemp("mypy")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--show-error-codes", "--no-error-summary", "--no-pretty",
                           "--namespace-packages", "--explicit-package-bases", f"--cache-dir={cache}", *map(str, PASS + FAIL)],
                          capture_output=True, text=True, cwd=cache)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {path.name: [] for path in PASS + FAIL}
    for line in done.stdout.splitlines():
        match = re.match(r"(.+?):(\d+): error: (.*?)(?:\s+\[([\w-]+)\])?$", line)
        if match:
            name = Path(match[1]).name
            assert name in found, line
            found[name].append((int(match[2]), match[4], match[3]))
    return found


@pytest.mark.parametrize("path", PASS, ids=lambda p: p.stem)
def test_a_correct_program_passes(complaints, path):
    assert complaints[path.name] == []


@pytest.mark.parametrize("path", FAIL, ids=lambda p: p.stem)
def test_a_mistake_is_found_where_it_stands(complaints, path):
    expected = [(number, match[1]) for number, line in enumerate(path.read_text().splitlines(), 1)
                if (match := re.search(r"# error: ([\w-]+)", line))]
    assert len(expected) == 1
    lines = [line for line, _, _ in complaints[path.name]]
    assert lines == [expected[0][0]] or set(lines) == {expected[0][0]}, complaints[path.name]
    codes = {code for _, code, _ in complaints[path.name]}
    related = {"arg-type": {"arg-type", "call-overload"}, "call-arg": {"call-arg", "call-overload"}, "misc": {"misc", "call-arg", "call-overload"},
               "index": {"index", "call-overload", "arg-type"}, "attr-defined": {"attr-defined", "union-attr"}}
    assert codes <= related.get(expected[0][1], {expected[0][1]}), complaints[path.name]


def test_the_package_is_marked_as_typed():
    import aws.osml.io

    folder = Path(aws.osml.io.__file__).parent
    assert (folder / "py.typed").is_file()
