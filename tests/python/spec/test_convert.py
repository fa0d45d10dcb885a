"""`convert`: arguments, report, progress, atomic targets."""
import io
import warnings

import numpy as np
import pytest
from aws.osml.io import (
    IO,
    BufferedTextAssetProvider,
    CancelledError,
    ConversionReport,
    FormatError,
    MetadataWarning,
    OptionError,
    OutOfRangeError,
    convert,
    iminfo,
    imread,
    imsave,
)
from testkit.arrays import assert_same, image

DATA = image((3, 150, 200), "uint8")
PLACE = {"crs": "EPSG:32618", "transform": (300000, 10, 0, 4500000, 0, -10)}


@pytest.fixture
def source(tmp_path):
    imsave(tmp_path / "a.tif", DATA, block_size=64, **PLACE)
    return tmp_path / "a.tif"


def test_the_report_states_what_was_done(source, tmp_path):
    report = convert(source, tmp_path / "b.tif")
    assert isinstance(report, ConversionReport)
    assert (report.source_format, report.format, report.images) == ("tiff", "tiff", 1)
    assert report.blocks == report.copied_blocks == 12
    assert report.bytes_in == source.stat().st_size and report.bytes_out == (tmp_path / "b.tif").stat().st_size
    assert report.seconds > 0 and report.lost == [] and report.warnings == []


def test_what_is_lost_is_named_in_the_report_and_in_one_warning(source, tmp_path):
    with pytest.warns(MetadataWarning, match="georeference") as caught:
        report = convert(source, tmp_path / "b.png")
    assert len(caught) == 1 and report.lost == ["georeference"] and len(report.warnings) == 1
    assert caught[0].filename == __file__


def test_a_warning_that_a_filter_makes_an_error_leaves_the_target(source, tmp_path):
    target = tmp_path / "b.png"
    target.write_bytes(b"former")
    with warnings.catch_warnings(), pytest.raises(MetadataWarning):
        warnings.simplefilter("error")
        convert(source, target)
    assert target.read_bytes() == b"former" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("extension", ["tif", "ntf", "jp2"])
def test_a_window_bands_and_a_level(source, tmp_path, extension):
    target = tmp_path / f"b.{extension}"
    convert(source, target, window=(30, 20, 100, 90), bands=[2, 0])
    assert_same(imread(target), imread(source, window=(30, 20, 100, 90), bands=[2, 0]))
    assert np.allclose(iminfo(target).transform, (300300, 10, 0, 4499800, 0, -10))
    convert(source, target, window=(slice(10, 30), slice(0, 50)), bands=1)
    assert_same(imread(target), imread(source, window=(0, 10, 50, 20), bands=1))
    convert(source, target, resolution_level=1)
    assert iminfo(target).shape == (3, 75, 100) and np.allclose(iminfo(target).transform[1], 20)


def test_coding_arguments(source, tmp_path):
    convert(source, tmp_path / "b.tif", compression="zstd", block_size=(128, 64), metadata={"270": "words"})
    found = iminfo(tmp_path / "b.tif")
    assert (found.compression, found.block_size, found.metadata["270"]) == ("zstd", (128, 64), "words")
    with pytest.warns(MetadataWarning):
        small = convert(source, tmp_path / "c.jpg", quality=20).bytes_out
        assert small < convert(source, tmp_path / "c.jpg", quality=90).bytes_out
    convert(source, tmp_path / "d.tif", cog=True)
    assert iminfo(tmp_path / "d.tif").block_size == (64, 64)


def test_streams_and_readers(source):
    out = io.BytesIO()
    convert(io.BytesIO(source.read_bytes()), out, format="nitf")
    assert_same(imread(io.BytesIO(out.getvalue())), DATA)
    with IO.open(source) as reader:
        again = io.BytesIO()
        assert convert(reader, again, format="tiff").copied_blocks == 12
        assert reader.get_asset("image:0").num_rows == 150
    with pytest.raises(OptionError, match="format"):
        convert(source, io.BytesIO())


def test_progress_counts_to_the_total_once(source, tmp_path):
    seen = []
    convert(source, tmp_path / "b.ntf", progress=lambda done, total: seen.append((done, total)))
    totals = {total for _, total in seen}
    assert len(totals) == 1 and seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_progress_can_cancel_and_the_target_stays(source, tmp_path):
    target = tmp_path / "b.tif"
    target.write_bytes(b"former")
    with pytest.raises(CancelledError):
        convert(source, target, compression="lzw", progress=lambda done, total: False)
    assert target.read_bytes() == b"former"
    convert(source, target, progress=True)  # no terminal, no bar


@pytest.mark.parametrize("arguments,error", [
    ({"window": (500, 0, 10, 10)}, OutOfRangeError), ({"bands": [3]}, OutOfRangeError), ({"bands": []}, OptionError),
    ({"resolution_level": -1}, OutOfRangeError), ({"compression": "zip9"}, OptionError), ({"format": "bmp"}, OptionError),
    ({"asset": "image:7"}, KeyError), ({"resolution_level": 20}, OutOfRangeError),
])
def test_wrong_arguments_are_refused_before_anything_is_written(source, tmp_path, arguments, error):
    with pytest.raises(error):
        convert(source, tmp_path / "b.tif", **arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_damaged_source_leaves_the_target(source, tmp_path):
    target = tmp_path / "b.ntf"
    target.write_bytes(b"former")
    (tmp_path / "half.tif").write_bytes(source.read_bytes()[:4000])
    with pytest.raises(FormatError):
        convert(tmp_path / "half.tif", target)
    with pytest.raises(FileNotFoundError):
        convert(tmp_path / "none.tif", target)
    assert target.read_bytes() == b"former"


def test_a_nitf_stays_whole(tmp_path):
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        writer.metadata = {"FTITLE": "title", "OSTAID": "station"}
        for number, rows in enumerate((40, 60)):
            writer.add_asset(f"image:{number}", _image(rows), title=f"number {number}")
        writer.add_asset("text:0", BufferedTextAssetProvider.create("text:0", "words"))
    report = convert(tmp_path / "a.ntf", tmp_path / "b.ntf")
    assert (report.images, report.lost) == (2, [])
    with IO.open(tmp_path / "b.ntf") as copy:
        assert list(copy) == ["image:0", "image:1", "text:0"]
        assert copy.metadata["FTITLE"].strip() == "title" and copy["image:1"].title == "number 1"
    with pytest.warns(MetadataWarning) as caught:
        report = convert(tmp_path / "a.ntf", tmp_path / "c.png")
    assert len(caught) == 1 and {"image:1", "text:0", "FTITLE"} <= set(report.lost)
    with pytest.warns(MetadataWarning):
        convert(tmp_path / "a.ntf", tmp_path / "d.png", asset="image:1")
    assert iminfo(tmp_path / "d.png").height == 60


def _image(rows):
    from aws.osml.io import BufferedImageAssetProvider

    made = BufferedImageAssetProvider.create("image:0", 50, rows, 1)
    made.set_full_image(image((1, rows, 50), "uint8"))
    return made
