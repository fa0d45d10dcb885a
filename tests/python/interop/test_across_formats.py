"""An image that is written in another format keeps its place and its texts. One warning names what is left out."""
import warnings

import numpy as np
import pytest
from aws.osml.io import IO, BufferedMetadataProvider, MetadataWarning, OptionError, iminfo, imread, imsave
from aws.osml.io.nitf import chip
from testkit.arrays import assert_same, image
from testkit.nitf_ours import heard, provider

rasterio = pytest.importorskip("rasterio")
tifffile = pytest.importorskip("tifffile")

DATA = image((1, 120, 200), "uint8")
PLACES = {
    "10 m": (32618, (300000, 10, 0, 4500000, 0, -10)),
    "15 m": (32618, (300000, 15, 0, 4500000, 0, -15)),
    "1 m": (32718, (300000, 1, 0, 4500000, 0, -1)),
    "rotated": (32618, (300000, 2, 1, 4500000, 1, -2)),
    "degrees": (4326, (10, 1e-4, 0, 50, 0, -1e-4)),
    "seconds": (4326, (10, 2 / 3600, 0, 50, 0, -2 / 3600)),
}


@pytest.fixture(params=sorted(PLACES))
def place(request):
    crs, transform = PLACES[request.param]
    return {"crs": crs, "transform": transform}


def convert(source, target, **arguments):
    """Adds the default image to a new file. Returns the texts of warnings."""
    with heard() as caught, IO.open(source) as reader, IO.open(target, "w") as writer:
        writer.add_asset("image:0", reader["image:0"], **arguments)
    assert all(category is MetadataWarning for category, _ in caught)
    return [text for _, text in caught]


def with_tags(path, **options):
    with rasterio.open(path, "w", driver="GTiff", width=200, height=120, count=1, dtype="uint8", **options) as file:
        file.write(DATA)
        yield file


def test_six_numbers_come_back_from_a_nitf(tmp_path, place):
    paths = [tmp_path / name for name in ("a.tif", "b.ntf", "c.tif")]
    imsave(paths[0], DATA, nodata=7, **place)
    for source, target in zip(paths, paths[1:]):
        assert convert(source, target) == []
        assert_same(imread(target), DATA)
    first, last = iminfo(paths[0]), iminfo(paths[2])
    assert first.crs == last.crs == f"EPSG:{place['crs']}" and last.nodata == 7
    assert np.allclose(last.transform, place["transform"], rtol=1e-13, atol=1e-13)


def test_an_exact_igeolo_stands_alone_and_gdal_has_the_transform(tmp_path):
    crs, transform = PLACES["10 m"]
    imsave(tmp_path / "a.tif", DATA, crs=crs, transform=transform)
    convert(tmp_path / "a.tif", tmp_path / "b.ntf")
    imsave(tmp_path / "c.ntf", DATA, crs=crs, transform=transform, precise=True, compression="NC")
    for path in (tmp_path / "b.ntf", tmp_path / "c.ntf"):
        assert "BLOCKA" not in iminfo(path).metadata
        with rasterio.open(path) as file:
            assert file.crs.to_epsg() == crs and file.transform.to_gdal() == pytest.approx(transform)


def test_a_blocka_that_repeats_an_exact_igeolo_does_not_win(tmp_path):
    crs, transform = PLACES["10 m"]
    imsave(tmp_path / "a.ntf", DATA, crs=crs, transform=transform, compression="NC")
    metadata = BufferedMetadataProvider(iminfo(tmp_path / "a.ntf").metadata)
    from rasterio.warp import transform as project
    corners = [(300005, 4499995), (301995, 4499995), (301995, 4498805), (300005, 4498805)]
    longitudes, latitudes = project(f"EPSG:{crs}", "EPSG:4326", *zip(*corners))
    texts = [f"{latitude:+010.6f}{longitude:+011.6f}" for longitude, latitude in zip(longitudes, latitudes)]
    metadata["BLOCKA"] = {"BLOCK_INSTANCE": "01", "L_LINES": "00120"} | dict(zip(("FRFC_LOC", "FRLC_LOC", "LRLC_LOC", "LRFC_LOC"), texts))
    imsave(tmp_path / "b.ntf", DATA, metadata=metadata)
    assert iminfo(tmp_path / "b.ntf").transform == transform and "BLOCKA" in iminfo(tmp_path / "b.ntf").metadata


@pytest.mark.parametrize("target", ["tif", "ntf", "nsf", "png", "jpg"])
@pytest.mark.parametrize("source", ["tif", "ntf", "png", "jpg"])
def test_a_plain_file_gives_no_warning(tmp_path, source, target):
    imsave(tmp_path / f"a.{source}", DATA, compression={"tif": "lzw", "ntf": "NC"}.get(source))
    assert convert(tmp_path / f"a.{source}", tmp_path / f"b.{target}") == []


@pytest.mark.parametrize("write", ["gdal", "tifffile"])
def test_a_plain_file_of_other_software_gives_no_warning(tmp_path, write):
    if write == "gdal":
        list(with_tags(tmp_path / "a.tif"))
    else:
        tifffile.imwrite(tmp_path / "a.tif", DATA[0])
    for target in ("b.ntf", "b.png"):
        assert convert(tmp_path / "a.tif", tmp_path / target) == []


@pytest.mark.parametrize("target", ["ntf", "png"])
def test_one_warning_names_what_is_left_out(tmp_path, target):
    crs, transform = PLACES["10 m"]
    for file in with_tags(tmp_path / "a.tif", crs=f"EPSG:{crs}", transform=rasterio.Affine.from_gdal(*transform)):
        file.set_band_description(1, "Red")
        file.scales, file.offsets = [2.0], [1.0]
        file.update_tags(TIFFTAG_ARTIST="nobody", CLOUDS="none")
        file.rpcs = rasterio.rpc.RPC(0, 1, 0, 1, [1] * 20, [1] * 20, 0, 1, 0, 1, [1] * 20, [1] * 20, 0, 1)
    (text,) = convert(tmp_path / "a.tif", tmp_path / f"b.{target}")
    for name in ("scale", "offset", "CLOUDS", "Artist"):
        assert name in text
    assert all((name in text) == (target == "png") for name in ("band descriptions", "georeference", "RPC"))
    assert "256" not in text and "ImageWidth" not in text


def test_security_and_tres_of_a_nitf_are_named(tmp_path):
    metadata = {"ISCLAS": "S", "ISCLSY": "US", "TGTID": "TARGET", "IC": "NC", "STDIDC": {"MISSION": "X"}}
    with heard(), IO.open(tmp_path / "a.ntf", "w") as writer:
        writer.add_asset("image:0", provider(DATA, metadata))
    (text,) = convert(tmp_path / "a.ntf", tmp_path / "b.tif")
    assert all(name in text for name in ("ISCLAS", "TGTID", "STDIDC")) and "NROWS" not in text and "IDATIM" not in text


def test_metadata_of_another_format_are_reported_once(tmp_path):
    imsave(tmp_path / "a.tif", DATA, crs=32618, transform=PLACES["10 m"][1], metadata={"Artist": "nobody"})
    with IO.open(tmp_path / "a.tif") as reader:
        changed = BufferedMetadataProvider(reader["image:0"].metadata)
        changed["TGTID"] = "TARGET"
        image = provider(DATA, changed)
        with heard() as caught, IO.open(tmp_path / "b.ntf", "w") as writer:
            writer.add_asset("image:0", image)
    ((_, text),) = caught
    assert "georeference" in text and "Artist" in text
    assert iminfo(tmp_path / "b.ntf").metadata["TGTID"].strip() == "TARGET"


# Texts.

IMAGEJ = "ImageJ=1.53\nunit=\u00b5m\nloop=false\tmin=→\n" + "x" * 800


def test_a_description_is_adapted_to_a_nitf(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", DATA[0], description=IMAGEJ.encode(), metadata=None)
    (text,) = convert(tmp_path / "a.tif", tmp_path / "b.ntf")
    assert all(part in text for part in ("description", "spaces", "?", "720"))
    with IO.open(tmp_path / "b.ntf") as reader:
        assert reader["image:0"].description.startswith("ImageJ=1.53 unit=\u00b5m loop=false min=? xxx")


def test_a_text_that_the_caller_gives_is_refused(tmp_path):
    with IO.open(tmp_path / "a.ntf", "w") as writer:
        with pytest.raises(OptionError):
            writer.add_asset("image:0", provider(DATA, {"IC": "NC"}), description="a\nb")
        writer.abort()


@pytest.mark.parametrize("target", ["png", "tif"])
def test_nul_is_left_out_of_a_text(tmp_path, target):
    with IO.open(tmp_path / "a.jpg", "w") as writer:
        writer.add_asset("image:0", provider(DATA, {"JPEG_COMMENT": "one\0two"}))
    (text,) = convert(tmp_path / "a.jpg", tmp_path / f"b.{target}")
    assert "NUL" in text
    with IO.open(tmp_path / f"b.{target}") as reader:
        assert reader["image:0"].description == "onetwo"


# `imsave` with an image.

@pytest.mark.parametrize("target", ["tif", "ntf"])
@pytest.mark.parametrize("source", ["tif", "ntf"])
def test_imsave_keeps_the_place_and_nodata_of_an_image(tmp_path, source, target):
    crs, transform = PLACES["10 m"]
    imsave(tmp_path / f"a.{source}", DATA, crs=crs, transform=transform, nodata=7)
    with IO.open(tmp_path / f"a.{source}") as reader, heard() as caught:
        imsave(tmp_path / f"b.{target}", reader["image:0"])
        imsave(tmp_path / f"c.{target}", reader["image:0"], nodata=8, metadata={"TGTID": "T"} if target == "ntf" else {"Artist": "T"})
    assert caught == []
    found, other = iminfo(tmp_path / f"b.{target}"), iminfo(tmp_path / f"c.{target}")
    assert (found.crs, found.transform, found.nodata) == (f"EPSG:{crs}", transform, 7)
    assert (other.crs, other.transform, other.nodata) == (f"EPSG:{crs}", transform, 8)
    assert other.metadata["TGTID" if target == "ntf" else "315"].strip() == "T"
    assert_same(imread(tmp_path / f"b.{target}"), DATA)


def test_imsave_of_a_lossy_image_keeps_its_pixels(tmp_path):
    imsave(tmp_path / "a.tif", image((3, 100, 100), "uint8"), compression="jpeg", quality=60, metadata={"TileWidth": 64, "TileLength": 64})
    with IO.open(tmp_path / "a.tif") as reader:
        imsave(tmp_path / "b.tif", reader["image:0"])
    assert_same(imread(tmp_path / "b.tif"), imread(tmp_path / "a.tif"))


def test_half_a_georeference_is_completed_by_the_image(tmp_path):
    imsave(tmp_path / "a.tif", DATA, crs=32618, transform=PLACES["10 m"][1])
    with IO.open(tmp_path / "a.tif") as reader:
        for name in ("b.tif", "b.ntf"):
            with heard():
                imsave(tmp_path / name, reader["image:0"], crs=32619)
            assert iminfo(tmp_path / name).crs == "EPSG:32619" and iminfo(tmp_path / name).transform == PLACES["10 m"][1]


# Chips.

@pytest.mark.parametrize("target", ["tif", "ntf"])
@pytest.mark.parametrize("source", ["tif", "ntf"])
@pytest.mark.parametrize("level", [0, 1])
def test_a_chip_keeps_its_place_in_every_format(tmp_path, source, target, level):
    transform = (300000, 1, 0, 4500000, 0, -1)
    imsave(tmp_path / f"a.{source}", DATA, crs=32618, transform=transform, nodata=7, precise=True, metadata={"IC": "NM"} if source == "ntf" else None)
    with IO.open(tmp_path / f"a.{source}") as reader, warnings.catch_warnings():
        warnings.simplefilter("error")
        part = chip(reader["image:0"], (20, 30, 40, 20), level=level)
        assert part.transform == (300000 + 20 * 2**level, 2**level, 0, 4500000 - 30 * 2**level, 0, -(2**level))
        with IO.open(tmp_path / f"b.{target}", "w") as writer:
            writer.add_asset("image:0", part)
        imsave(tmp_path / f"c.{target}", part)
        pixels = part.read()
    for name in ("b", "c"):
        found = iminfo(tmp_path / f"{name}.{target}")
        assert (found.crs, found.transform) == ("EPSG:32618", part.transform)
        assert_same(imread(tmp_path / f"{name}.{target}"), pixels)


def test_a_chip_of_a_tiff_keeps_its_tags(tmp_path):
    imsave(tmp_path / "a.tif", DATA, crs=32618, transform=PLACES["10 m"][1], metadata={"Artist": "nobody", "65000": 7})
    with IO.open(tmp_path / "a.tif") as reader:
        part = chip(reader["image:0"], (20, 30, 40, 20))
        with warnings.catch_warnings(), IO.open(tmp_path / "b.tif", "w") as writer:
            warnings.simplefilter("error")
            writer.add_asset("image:0", part)
    found = iminfo(tmp_path / "b.tif")
    assert found.metadata["315"] == "nobody" and found.metadata["65000"] == 7
    with rasterio.open(tmp_path / "b.tif") as file:
        assert file.transform.to_gdal() == (300200, 10, 0, 4499700, 0, -10) and file.crs.to_epsg() == 32618
