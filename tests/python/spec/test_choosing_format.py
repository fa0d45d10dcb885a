"""Specification, section 'Choosing the Output Format': format strings, extensions, precedence and detection."""
import shutil

import numpy as np
import pytest
from aws.osml.io import IO, BufferedImageAssetProvider, UnsupportedError, imread, imsave

MAGIC = {"tiff": (b"II*\0", b"MM\0*"), "png": (b"\x89PNG\r\n\x1a\n",), "jpeg": (b"\xff\xd8\xff",), "nitf": (b"NITF02.10",),
         "nsif": (b"NSIF01.00",), "jp2": (b"\0\0\0\x0cjP  \r\n\x87\n",), "j2k": (b"\xffO\xffQ",)}
EXTENSIONS = {"tiff": [".tif", ".tiff", ".gtif", ".gtiff"], "png": [".png"], "jpeg": [".jpg", ".jpeg"], "nitf": [".ntf", ".nitf"],
              "nsif": [".nsf", ".nsif"], "jp2": [".jp2"], "j2k": [".j2k"]}
FORMAT_STRINGS = {"tiff": ["tiff", "tif", "geotiff", "gtiff"], "png": ["png"], "jpeg": ["jpeg", "jpg"], "nitf": ["nitf", "nitf21", "nitf2.1"],
                  "nsif": ["nsif", "nsif10", "nsif1.0"], "jp2": ["jp2"], "j2k": ["j2k"]}


def pairs(table):
    return [(kind, name) for kind, names in table.items() for name in names]


def one_image():
    provider = BufferedImageAssetProvider.create(key="image:0", num_columns=20, num_rows=10, num_bands=1)
    provider.set_full_image(np.arange(200, dtype=np.uint8).reshape(1, 10, 20))
    return provider


def is_a(kind, path):
    return path.read_bytes().startswith(MAGIC[kind])


@pytest.mark.parametrize("kind,extension", pairs(EXTENSIONS))
def test_writing_takes_the_format_from_the_extension(tmp_path, kind, extension):
    path = tmp_path / f"output{extension}"
    with IO.open([path], "w") as writer:
        writer.add_asset("image:0", one_image())
    assert is_a(kind, path)


@pytest.mark.parametrize("kind,extension", pairs(EXTENSIONS))
def test_extensions_are_detected_in_upper_case_too(tmp_path, kind, extension):
    path = tmp_path / f"OUTPUT{extension.upper()}"
    imsave(path, np.zeros((1, 4, 4), np.uint8))
    assert is_a(kind, path)


@pytest.mark.parametrize("kind,name", pairs(FORMAT_STRINGS))
def test_an_explicit_format_string_always_works(tmp_path, kind, name):
    path = tmp_path / "output.dat"
    with IO.open([str(path)], "w", name) as writer:
        writer.add_asset("image:0", one_image())
    assert is_a(kind, path)


@pytest.mark.parametrize("kind,name", pairs(FORMAT_STRINGS))
def test_an_explicit_format_takes_precedence_over_the_extension(tmp_path, kind, name):
    path = tmp_path / ("output.png" if kind != "png" else "output.tif")
    with IO.open([path], "w", name) as writer:
        writer.add_asset("image:0", one_image())
    assert is_a(kind, path)


def test_a_nitf_format_for_a_tif_path_is_not_written_as_tiff(tmp_path):
    with IO.open([tmp_path / "output.tif"], "w", "nitf") as writer:
        writer.add_asset("image:0", one_image())
    assert is_a("nitf", tmp_path / "output.tif")


def test_the_format_string_decides_between_the_two_standards(tmp_path):
    for name, path in (("nsif", tmp_path / "output.ntf"), ("nitf", tmp_path / "output.nsf")):
        with IO.open([path], "w", name) as writer:
            writer.add_asset("image:0", one_image())
        assert is_a(name, path)


@pytest.mark.parametrize("name", ["output.xyz", "output", "output.tif.bak", "tif"])
def test_an_unknown_extension_is_a_value_error_on_writing(tmp_path, name):
    with pytest.raises(ValueError):
        IO.open([tmp_path / name], "w")
    assert list(tmp_path.iterdir()) == []


def test_the_error_for_an_unknown_extension_names_it_and_the_way_out(tmp_path):
    with pytest.raises(ValueError, match=r"(?s)xyz.*format|format.*xyz"):
        IO.open([tmp_path / "output.xyz"], "w")


def test_an_unknown_format_string_is_a_value_error_that_lists_formats(tmp_path):
    with pytest.raises(ValueError, match="(?i)tiff"):
        IO.open([tmp_path / "output.tif"], "w", "tifff")


def test_the_rn_suffix_is_stripped_before_detection(tmp_path):
    with IO.open([tmp_path / "output.ntf.r1"], "w") as writer:
        writer.add_asset("image:0", one_image())
    assert is_a("nitf", tmp_path / "output.ntf.r1")


def test_the_rn_suffix_of_a_single_tiff_path_is_stripped(tmp_path):
    path = tmp_path / "output.tif.r1"
    with IO.open([path], "w") as writer:
        writer.add_asset("image:0", one_image())
    assert is_a("tiff", path)


@pytest.mark.parametrize("kind", MAGIC)
@pytest.mark.parametrize("extension", ["", ".dat", ".tif", ".png", ".jpg", ".ntf"])
def test_reading_detects_by_magic_bytes_whatever_the_extension(tmp_path, kind, extension):
    source = tmp_path / f"source.{kind}"
    imsave(source, np.full((1, 8, 8), 128, np.uint8), format=kind)
    other = tmp_path / f"renamed{extension}"
    shutil.copy(source, other)
    assert imread(other).shape == (1, 8, 8)


def test_reading_takes_the_format_as_an_argument(tmp_path):
    imsave(tmp_path / "a.bin", np.full((1, 8, 8), 3, np.uint8), format="tiff")
    assert imread(tmp_path / "a.bin", format="geotiff").max() == 3
    with IO.open([tmp_path / "a.bin"], "r", "tif") as reader:
        assert reader.get_asset("image:0").num_columns == 8


def test_reading_with_the_wrong_format_is_an_error_not_a_guess(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((1, 8, 8), np.uint8))
    with pytest.raises((ValueError, OSError)):
        imread(tmp_path / "a.tif", format="png")


def test_a_file_of_no_known_format_is_a_clear_error(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is not an image\n" * 40)
    with pytest.raises((ValueError, OSError)):
        imread(path)
