"""Peak memory of `write_rset`: a few rows of blocks of the image and of each level, whatever the number of rows."""
import json

import pytest
from testkit.children import run_json

BOUND_MB = 96
SIDE, FULL = 20_000, 40_000

WRITE = """
    import json, sys
    import numpy as np
    from aws.osml.io import IO, imsave, write_rset
    from testkit.peak import peak_kilobytes
    from testkit.providers import LazyProvider

    path, rows, cols, metadata, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]), sys.argv[5]

    def write(rows, cols):
        provider = LazyProvider(rows, cols)
        if source != "lazy":
            with IO.open(source, "w", threads=2) as writer:
                writer.add_asset("image:0", provider)
            provider = source
        before = peak_kilobytes()
        write_rset(path, provider, metadata=metadata, threads=2)
        return before

    write(700, 700)
    before = write(rows, cols)
    print(json.dumps((peak_kilobytes() - before) / 1024))
"""

CASES = [pytest.param("tif", {}, id="tif"), pytest.param("tif", {"259": 1}, id="tif uncompressed"), pytest.param("png", {}, id="png"),
         pytest.param("jpg", {}, id="jpg"), pytest.param("ntf", {"IC": "NC"}, id="ntf"), pytest.param("ntf", {"IC": "NM"}, id="ntf masked"),
         pytest.param("ntf", {"IC": "C3"}, id="ntf jpeg")]


def growth(path, rows, cols, metadata, source="lazy"):
    return run_json(WRITE, path, rows, cols, json.dumps(metadata), source, timeout=900)


@pytest.mark.parametrize("extension,metadata", CASES)
def test_a_set_of_a_lazy_image_takes_a_bounded_amount(tmp_path, extension, metadata):
    found = growth(tmp_path / f"a.{extension}", SIDE, SIDE, metadata)
    assert found <= BOUND_MB, f"{found:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


@pytest.mark.parametrize("extension", ["tif", "jpg"])
def test_a_set_of_a_file_takes_a_bounded_amount(tmp_path, extension):
    found = growth(tmp_path / f"a.{extension}", SIDE, SIDE, {}, tmp_path / f"source.{extension}")
    assert found <= BOUND_MB, f"{found:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


def test_the_amount_does_not_follow_the_number_of_rows(tmp_path):
    """The same width, eight times the height: the rows of blocks in memory are the same."""
    found = [growth(tmp_path / "a.tif", rows, 5000, {}) for rows in (10_000, 80_000)]
    assert found[1] <= found[0] + 16, f"{found[0]:.0f} MB for 10 000 rows, {found[1]:.0f} MB for 80 000"


@pytest.mark.slow
@pytest.mark.parametrize("extension,metadata", CASES)
def test_a_set_of_40_000_squared_takes_a_bounded_amount(tmp_path, extension, metadata):
    found = growth(tmp_path / f"a.{extension}", FULL, FULL, metadata)
    assert found <= BOUND_MB, f"{found:.0f} MB for an image of {FULL * FULL >> 20} MB"
