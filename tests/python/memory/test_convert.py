"""Conversion streams: the growth of the peak memory does not follow the size of the image."""
import json

import pytest
from testkit.children import run_json

BOUND_MB = 96
SIDE, FULL = 20_000, 40_000

CONVERT = """
    import json, sys
    from aws.osml.io import IO, convert
    from testkit.peak import peak_kilobytes
    from testkit.providers import LazyProvider

    folder, source, target, side, options = *sys.argv[1:4], int(sys.argv[4]), json.loads(sys.argv[5])

    def write(path, side):
        provider = LazyProvider(side, side, 1, block=(512, 512))
        provider.metadata = {"IC": "NC"} if source == "ntf" else {}
        with IO.open(path, "w", threads=2, durable=False) as writer:
            writer.add_asset("image:0", provider)

    small, large = f"{folder}/small.{source}", f"{folder}/large.{source}"
    write(small, 1200)
    write(large, side)
    convert(small, f"{folder}/a.{target}", threads=2, **options)
    before = peak_kilobytes()
    report = convert(large, f"{folder}/b.{target}", threads=2, durable=False, **options)
    assert report.blocks > 1 or target in ("png", "jpg")
    print(json.dumps((peak_kilobytes() - before) / 1024))
"""


def growth(folder, source, target, side, **options):
    return run_json(CONVERT, folder, source, target, side, json.dumps(options), timeout=900)


@pytest.mark.parametrize("source,target,options", [
    ("tif", "ntf", {"compression": "NC"}), ("ntf", "tif", {}), ("tif", "tif", {"compression": "lzw"}), ("tif", "png", {}),
    ("ntf", "jpg", {}), ("ntf", "tif", {"cog": True}), ("tif", "tif", {"window": [100, 100, 19000, 19000]}),
    ("tif", "ntf", {"resolution_level": 1, "compression": "NC"}),
], ids=str)
def test_conversion_takes_a_bounded_amount(tmp_path, source, target, options):
    found = growth(tmp_path, source, target, SIDE, **options)
    assert found <= BOUND_MB, f"{found:.0f} MB for an image of {SIDE * SIDE >> 20} MB"


@pytest.mark.slow
@pytest.mark.parametrize("source,target,options", [("ntf", "tif", {"cog": True}), ("tif", "ntf", {"compression": "CD"})], ids=str)
def test_conversion_of_40_000_squared_takes_a_bounded_amount(tmp_path, source, target, options):
    found = growth(tmp_path, source, target, FULL, **options)
    assert found <= BOUND_MB, f"{found:.0f} MB for an image of {FULL * FULL >> 20} MB"
