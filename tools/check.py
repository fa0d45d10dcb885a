"""Runs all checks of the project.

Needs Rust, a C compiler and Python 3.10 or newer with venv; everything else is fetched from crates.io and PyPI. Builds go
to `target/` (or `CARGO_TARGET_DIR`), and earlier builds are reused. A step runs even if an earlier step failed, unless it
needs the result of that step. The output of each step is kept in `target/check/`.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import static_site
import workspace

PYTHON_TESTS = workspace.ROOT / "tests" / "python"
QUICK_TESTS = ("unit", "project", "spec")
TYPING_CASES = "spec/test_types.py"
TAIL = 120


def main() -> int:
    """Runs the steps; exits 0 if all passed."""
    # A shell makes background processes ignore Ctrl-C. The tests of Ctrl-C would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    arguments = parse()
    steps = fast_steps() if arguments.fast else all_steps()
    if arguments.list:
        print("\n".join(step.name for step in steps))
        return 0
    runner = Runner(verbose=arguments.verbose)
    wanted = arguments.words + (arguments.only or [])
    for step in steps:
        if not wanted or any(word in step.name for word in wanted):
            runner.run(step)
    return runner.finish()


@dataclass
class Step:
    """A named step. `needs` names the steps that must succeed first."""

    name: str
    action: Callable[[Shell], None]
    needs: Sequence[str] = ()


class Shell:
    """Runs the commands of a step, with their output in the step's log."""

    def __init__(self, log: TextIO, *, verbose: bool) -> None:
        self.log = log
        self.verbose = verbose

    def __call__(
        self, command: Sequence[object], *, env: dict[str, str] | None = None, cwd: Path = workspace.ROOT
    ) -> str:
        """Runs a command and returns its output; raises if it fails."""
        words = [str(part) for part in command]
        self.write("$ " + " ".join(words) + "\n")
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=workspace.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        lines = []
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                lines.append(line)
                self.write(line)
        if process.returncode != 0:
            raise StepFailed(f"{Path(words[0]).name} ended with {process.returncode}")
        return "".join(lines)

    def say(self, text: str) -> None:
        """Notes something in the log."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Appends to the log."""
        self.log.write(text)
        self.log.flush()
        if self.verbose:
            sys.stdout.write("    " + text)


class StepFailed(Exception):
    """A step found something wrong."""


@dataclass
class Runner:
    """Runs steps, reports the result of each, and counts."""

    verbose: bool
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    def run(self, step: Step) -> None:
        """Runs a step, or reports why it was skipped."""
        missing = [name for name in step.needs if name in self.failed + self.skipped]
        if missing:
            self.skipped.append(step.name)
            print(f"{step.name:<44} skipped: {missing[0]} did not pass", flush=True)
            return
        print(f"{step.name:<44} ", end="\n" if self.verbose else "", flush=True)
        path = workspace.target_dir() / "check" / (re.sub(r"\W+", "-", step.name) + ".log")
        path.parent.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        failure = None
        with path.open("w", encoding="utf-8") as log:
            try:
                step.action(Shell(log, verbose=self.verbose))
            except (StepFailed, OSError, subprocess.CalledProcessError) as error:
                failure = str(error)
        text = path.read_text(encoding="utf-8")
        facts = summary(text)
        verdict = f"FAILED: {failure}" if failure else "ok" + (f"  ({facts})" if facts else "")
        print(f"{time.monotonic() - start:7.1f} s  {verdict}", flush=True)
        (self.failed if failure else self.passed).append(step.name)
        if failure and not self.verbose:
            print("".join(f"    {line}\n" for line in text.splitlines()[-TAIL:]), end="", flush=True)

    def finish(self) -> int:
        """Prints the counts and returns the exit code."""
        minutes, seconds = divmod(time.monotonic() - self.start, 60)
        print(f"\n{int(minutes)} min {seconds:.0f} s")
        for name in self.failed:
            print(f"FAILED: {name}")
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        print(f"{len(self.passed)} passed, {len(self.failed)} failed{skipped}", flush=True)
        return 1 if self.failed or self.skipped or not self.passed else 0


def all_steps() -> list[Step]:
    """All steps, the cheap ones first."""
    wheel = "wheel (release)"
    tests = "Python tests against the wheel"
    folders = [name for name in folders_with_tests() if name != "project"]
    rest = functools.partial(pytest, environment="wheel", paths=folders, ignored=[TYPING_CASES])
    return [
        *source_steps(),
        Step("no Python in the default build", no_python),
        Step("clippy", clippy),
        Step("clippy, feature python", functools.partial(clippy, features=["python"])),
        Step("Rust tests", rust_tests),
        Step("Rust tests, feature python", rust_tests_with_python),
        Step("examples", examples),
        Step(wheel, functools.partial(install, profile="release", environment="wheel", clean=True)),
        Step("project tests", functools.partial(pytest, environment="wheel", paths=["project"]), [wheel]),
        Step("docs (static site)", static_site.build, [wheel]),
        Step("stubs (stubtest)", stubs, [wheel]),
        Step("typing cases", functools.partial(pytest, environment="wheel", paths=[TYPING_CASES]), [wheel]),
        Step(tests, rest, [wheel]),
    ]


def fast_steps() -> list[Step]:
    """The inner loop: under 90 seconds after a small change."""
    wheel = "extension (dev build)"
    folders = [name for name in folders_with_tests() if name in QUICK_TESTS]
    quick = functools.partial(pytest, environment="fast", paths=folders, ignored=[TYPING_CASES])
    return [
        *source_steps(),
        Step("Rust unit tests", functools.partial(rust_tests, targets=["--lib"])),
        Step(wheel, functools.partial(install, profile="dev", environment="fast", clean=False)),
        Step("quick Python tests", quick, [wheel]),
    ]


def source_steps() -> list[Step]:
    """The steps that compile nothing."""
    return [
        Step("format", lambda shell: checked(shell(["cargo", "fmt", "--check"]))),
        Step("dependency rule", lambda shell: checked(shell([sys.executable, "tools/dependency_rule.py"]))),
        Step("circles between files", lambda shell: checked(shell([sys.executable, "tools/circles.py"]))),
        Step("unused crates and items", lambda shell: checked(shell([sys.executable, "tools/unused.py"]))),
        Step("licences of dependencies", licences),
    ]


def checked(_output: str) -> None:
    """A command that passes if it succeeds; its output has no counts."""


def licences(shell: Shell) -> None:
    shell([workspace.tools_python(shell), "tools/licences.py"])


def no_python(shell: Shell) -> None:
    """Checks that the default build contains no Python. To prove that the check can fail, the feature must contain it."""
    tree = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    default, python = shell([*tree, "--no-default-features"]), shell([*tree, "--features", "python"])
    bound = re.compile(r"^(?:pyo3\S*|numpy|python\S*) ", re.M)
    if bound.search(default):
        raise StepFailed("`cargo build --no-default-features` would compile Python bindings")
    if not bound.search(python):
        raise StepFailed("the feature python has no Python bindings: this check looks for the wrong names")
    shell(["cargo", "check", "--locked", "--no-default-features"])


def clippy(shell: Shell, features: Sequence[str] = ()) -> None:
    shell(["cargo", "clippy", "--locked", "--all-targets", *feature_arguments(features), "--", "-D", "warnings"])


def rust_tests(shell: Shell, targets: Sequence[str] = ()) -> None:
    shell(["cargo", "test", "--locked", *targets])


def rust_tests_with_python(shell: Shell) -> None:
    """Runs the tests with the interpreter linked in. If this Python has no shared library, the tests are compiled but not
    run (`pytest` exercises the same code through the extension)."""
    arguments = ["cargo", "test", "--locked", "--features", "python", "--lib", "--tests"]
    library = shared_python()
    if library is None:
        shell.say("this Python has no shared library to link with: compiled only")
        shell(["cargo", "check", "--locked", "--features", "python", "--tests"])
        return
    variable = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"
    path = os.pathsep.join([str(library.parent), *filter(None, [os.environ.get(variable)])])
    shell(arguments, env={variable: path})


def shared_python() -> Path | None:
    """The shared library of the interpreter, or `None` if there is none to link with."""
    folder, name = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDLIBRARY")
    if not folder or not name or not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        return None
    library = Path(folder) / name
    return library if library.exists() and library.suffix != ".a" else None


def feature_arguments(features: Sequence[str]) -> list[str]:
    return ["--features", ",".join(features)] if features else []


def examples(shell: Shell) -> None:
    """Runs the programs of `examples/` on a file that the first program writes."""
    folder = workspace.target_dir() / "check" / "examples"
    folder.mkdir(parents=True, exist_ok=True)
    run = ["cargo", "run", "--quiet", "--locked", "--example"]
    shell([*run, "write_gradient", "--", folder / "gradient.tif"])
    shell([*run, "convert", "--", folder / "gradient.tif", folder / "gradient.png"])
    shell([*run, "support_table"])
    if not (folder / "gradient.png").stat().st_size:
        raise StepFailed("the converted file is empty")


def install(shell: Shell, profile: str, environment: str, clean: bool) -> None:
    """Builds the wheel and installs it into an environment with the test requirements."""
    wheel = workspace.build_wheel(shell, profile=profile)
    python = workspace.make_venv(venv_path(environment), [PYTHON_TESTS / "requirements.txt"], shell, clean=clean)
    workspace.install_wheel(python, wheel, shell)
    code = "import aws.osml.io as io; print(io.__version__, io.__file__)"
    shell([python, "-I", "-c", code], cwd=workspace.target_dir())


def stubs(shell: Shell) -> None:
    """Checks that the stubs have the names and signatures of the compiled module."""
    folder = workspace.target_dir() / "check" / "stubtest"
    folder.mkdir(parents=True, exist_ok=True)
    shell([venv_python("wheel"), "-m", "mypy.stubtest", "aws.osml.io"], cwd=folder)


def pytest(shell: Shell, environment: str, paths: Sequence[str], ignored: Sequence[str] = ()) -> None:
    """Runs Python tests, given by paths below `tests/python`, in an environment with the wheel."""
    if not paths:
        raise StepFailed("the step has no folder of tests")
    options = ["-q", "-ra", "--import-mode=importlib", "-p", "no:cacheprovider", "--strict-markers"]
    options.append("--disable-warnings")
    options += [f"--ignore={PYTHON_TESTS / name}" for name in ignored]
    shell([venv_python(environment), "-m", "pytest", *options, *(PYTHON_TESTS / name for name in paths)])


def folders_with_tests() -> list[str]:
    """The folders of Python tests, sorted by name."""
    return sorted(path.name for path in PYTHON_TESTS.iterdir() if any(path.glob("**/test_*.py")))


def venv_path(name: str) -> Path:
    return workspace.target_dir() / "venv" / name


def venv_python(name: str) -> Path:
    return workspace.make_venv(venv_path(name), [PYTHON_TESTS / "requirements.txt"], workspace.plain_run)


def summary(log: str) -> str:
    """The sum of the counts that the test runners printed."""
    counts: dict[str, int] = {}
    for line in log.splitlines():
        if re.match(r"test result:|=*\s*\d+ \w+.* in [\d.]+s", line):
            for number, word in re.findall(r"(\d+) (passed|failed|skipped|ignored|xfailed|errors?)\b", line):
                counts[word] = counts.get(word, 0) + int(number)
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./check", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="the inner loop: format, rules, unit tests, quick Python tests")
    parser.add_argument("words", metavar="WORD", nargs="*", help="as --only: `./check docs` builds the static site")
    parser.add_argument("--only", metavar="WORD", nargs="+", help="run only the steps with one of these words in their names")
    parser.add_argument("--list", action="store_true", help="print the names of the steps")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the output of the steps while they run")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped")
        sys.exit(130)
