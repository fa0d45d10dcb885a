"""Fixtures shared by the Python tests: paths, reproducible arrays, the corpus of real files, and the `slow` switch."""
import os
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))  # makes `testkit` importable under any import mode


def pytest_addoption(parser):
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--run-slow") or "slow" in (config.getoption("-m") or ""):
        return
    skip = pytest.mark.skip(reason="slow; use --run-slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


def corpus_root():
    """The folder of real files, or None: `OSML_IO_CORPUS`, else `../shared/data/corpus` beside the repository."""
    named = os.environ.get("OSML_IO_CORPUS")
    root = Path(named) if named else HERE.parents[1].parent / "shared" / "data" / "corpus"
    return root if (root / "manifest.json").is_file() else None


@pytest.fixture(scope="session")
def corpus():
    root = corpus_root()
    if root is None:
        pytest.skip("no corpus: set OSML_IO_CORPUS")
    return root


@pytest.fixture
def rng():
    return np.random.default_rng(20240607)


@pytest.fixture
def rgb(rng):
    """Three bands of 8 bits with 300 rows and 500 columns: no side is a multiple of a tile."""
    from testkit.arrays import image

    return image((3, 300, 500), np.uint8)


@pytest.fixture
def in_tmp(tmp_path, monkeypatch):
    """The working directory is an empty folder, for examples that write relative paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
