"""Sensor models, ground control points, statistics, and directories and profiles that copies carry along."""
import struct
import warnings

import numpy as np
import pytest
import rasterio
from aws.osml.io import FileWarning, IO, OptionError, imread, imsave, iminfo
from aws.osml.io.nitf import RPC, FieldNotFoundError, rpc
from aws.osml.io.tiff import GCP, gcps, tiepoints
from PIL import Image, ImageCms
from rasterio.control import GroundControlPoint
from testkit.readers import tiff_tags
from testkit.tiff_bytes import ASCII, LONG, RATIONAL, UNDEFINED, directories, field, file
from testkit.tiff_bytes import image as fields_of
from testkit.warned import warned

DATA = (np.add.outer(np.arange(60), np.arange(80)) % 251).astype(np.uint8)[None]


def model(**changes):
    rng = np.random.default_rng(1)
    polynomials = {name: tuple(np.round(rng.normal(0, 1e-3, 20), 9)) for name in
                   ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")}
    numbers = {"line_off": 30.0, "samp_off": 40.0, "lat_off": 38.4321, "long_off": -77.1234, "height_off": 250.0, "line_scale": 31.0,
               "samp_scale": 41.0, "lat_scale": 0.1234, "long_scale": 0.1456, "height_scale": 500.0, "err_bias": 4.25, "err_rand": 0.5}
    for name in ("line_den_coeff", "samp_den_coeff"):
        polynomials[name] = (1.0, *polynomials[name][1:])
    return RPC(**{**numbers, **polynomials, **changes})


MODEL = model()


@pytest.fixture
def tif(tmp_path):
    return tmp_path / "a.tif"


def copy(source, target):
    def run():
        with IO.open(source) as reader, IO.open(target, "w") as writer:
            writer.add_asset("image:0", reader["image:0"])

    return warned(run)


# --- sensor models

def test_a_model_is_written_as_the_tag_that_gdal_reads(tif):
    imsave(tif, DATA, metadata={"50844": MODEL.to_tag()})
    with rasterio.open(tif) as src:
        assert RPC.from_gdal(src.rpcs) == MODEL
    assert rpc(iminfo(tif).metadata) == MODEL
    unknown = model(err_bias=None, err_rand=None)
    imsave(tif, DATA, metadata={"RPCCoefficient": unknown.to_tag()})
    assert rpc(iminfo(tif).metadata) == unknown and unknown.to_tag()[:2] == [-1, -1]


def test_the_model_of_a_file_of_gdal_is_read(tif):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(tif, "w", driver="GTiff", width=80, height=60, count=1, dtype="uint8") as out:
            out.write(DATA)
            out.rpcs = rasterio.rpc.RPC.from_gdal(MODEL.to_gdal())
    assert rpc(iminfo(tif).metadata) == MODEL


@pytest.mark.parametrize("suffix", ["ntf", "nsf"])
def test_a_model_goes_to_nitf_and_back(tmp_path, suffix):
    imsave(tmp_path / "a.tif", DATA, metadata={"50844": MODEL.to_tag()})
    assert copy(tmp_path / "a.tif", tmp_path / f"b.{suffix}") == []
    metadata = iminfo(tmp_path / f"b.{suffix}").metadata
    # RPC00B has seven digits.
    there = rpc(metadata)
    np.testing.assert_allclose(there.line_num_coeff, MODEL.line_num_coeff, rtol=1e-6)
    assert (there.lat_off, there.err_bias) == (MODEL.lat_off, MODEL.err_bias)
    with rasterio.open(tmp_path / f"b.{suffix}") as src:
        assert RPC.from_gdal(src.rpcs) == there
    assert copy(tmp_path / f"b.{suffix}", tmp_path / "c.tif") == []
    assert rpc(iminfo(tmp_path / "c.tif").metadata) == there
    with rasterio.open(tmp_path / "c.tif") as src:
        assert RPC.from_gdal(src.rpcs) == there


def test_offsets_that_rpc00b_cannot_hold_keep_the_model(tmp_path):
    precise = model(line_off=30.25, samp_scale=41.75, lat_off=38.43211)
    imsave(tmp_path / "a.tif", DATA, metadata={"50844": precise.to_tag()})
    copy(tmp_path / "a.tif", tmp_path / "b.ntf")
    there = rpc(iminfo(tmp_path / "b.ntf").metadata)
    assert there.line_off == 30
    ground = (-77.13, 38.44, 300.0)
    np.testing.assert_allclose(there.project(*ground), precise.project(*ground), rtol=0, atol=1e-3)


def test_a_model_that_a_format_cannot_hold_is_named(tmp_path):
    imsave(tmp_path / "a.tif", DATA, metadata={"50844": model(line_off=1e7).to_tag()})
    (text,) = copy(tmp_path / "a.tif", tmp_path / "b.ntf")
    assert "RPC (RPC00B LINE_OFF: got 10000000" in text
    (text,) = copy(tmp_path / "a.tif", tmp_path / "b.png")
    assert "RPC (" in text and "png" in text


def test_the_model_of_a_chip_goes_to_tiff_in_its_own_pixels(tmp_path):
    from aws.osml.io.nitf import chip, ichipb

    imsave(tmp_path / "a.ntf", DATA, metadata={"RPC00B": MODEL.to_tre()})
    with IO.open(tmp_path / "a.ntf") as reader, IO.open(tmp_path / "c.ntf", "w") as writer:
        writer.add_asset("image:0", chip(reader["image:0"], (16, 8, 32, 32)))
    copy(tmp_path / "c.ntf", tmp_path / "c.tif")
    metadata = iminfo(tmp_path / "c.ntf").metadata
    expected = rpc(metadata).chipped(ichipb(metadata))
    found = rpc(iminfo(tmp_path / "c.tif").metadata)
    ground = (-77.13, 38.44, 300.0)
    np.testing.assert_allclose(found.project(*ground), expected.project(*ground), rtol=0, atol=1e-6)


def test_a_model_that_the_caller_chose_stays(tmp_path):
    imsave(tmp_path / "a.tif", DATA, metadata={"50844": MODEL.to_tag()})
    other = model(height_off=7.0)
    with IO.open(tmp_path / "a.tif") as reader, IO.open(tmp_path / "b.ntf", "w") as writer:
        writer.add_asset("image:0", reader["image:0"], metadata={"RPC00B": other.to_tre()})
    assert rpc(iminfo(tmp_path / "b.ntf").metadata).height_off == 7


def test_numbers_that_are_no_model_are_errors():
    with pytest.raises(OptionError, match="got 91 numbers, expected 92"):
        rpc({"50844": [1.0] * 91})
    with pytest.raises(OptionError, match="LINE_SCALE|line_scale"):
        rpc({"50844": [0.0] * 92})
    with pytest.raises(FieldNotFoundError, match="50844"):
        rpc({})


# --- ground control points

POINTS = [GCP(0, 0, 10.0, 50.0, 7.0), GCP(0, 80, 10.5, 50.125, 0), GCP(60, 0, 9.75, 49.5, 0), GCP(60, 80, 10.25, 49.75, 3.5)]


@pytest.mark.parametrize("raster", ["PixelIsArea", "PixelIsPoint"])
def test_points_are_written_as_gdal_reads_them(tif, raster):
    values = tiepoints(POINTS, pixel_is_point=raster == "PixelIsPoint")
    imsave(tif, DATA, metadata={"GeoTiepoints": values, "GeoGeographicCRS": 4326, "GeoRasterType": raster})
    with rasterio.open(tif) as src:
        found, crs = src.gcps
    assert [(p.row, p.col, p.x, p.y, p.z) for p in found] == [tuple(p) for p in POINTS] and crs.to_epsg() == 4326
    info = iminfo(tif)
    assert gcps(info.metadata) == POINTS and info.transform is None


def test_points_of_gdal_are_read_and_copied(tmp_path):
    theirs = [GroundControlPoint(*point) for point in POINTS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=80, height=60, count=1, dtype="uint8") as out:
            out.write(DATA)
            out.gcps = (theirs, rasterio.CRS.from_epsg(32618))
    assert gcps(iminfo(tmp_path / "a.tif").metadata) == POINTS
    assert copy(tmp_path / "a.tif", tmp_path / "b.tif") == []
    with rasterio.open(tmp_path / "b.tif") as src:
        assert [(p.row, p.col, p.x, p.y, p.z) for p in src.gcps[0]] == [tuple(p) for p in POINTS]
    assert tiepoints(theirs) == tiepoints(POINTS)


def test_one_point_belongs_to_a_transform(tif):
    imsave(tif, DATA, crs=32618, transform=(300000, 10, 0, 4500000, 0, -10))
    assert gcps(iminfo(tif).metadata) == [] and gcps({}) == []
    with pytest.raises(OptionError, match="got 7 numbers"):
        gcps({"33922": [1.0] * 7})
    with pytest.raises(OptionError, match="got 1, expected two"):
        tiepoints(POINTS[:1])


# --- statistics

@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("cog", [False, True])
def test_statistics_are_those_of_gdal(tif, dtype, cog):
    data = np.random.default_rng(3).normal(100, 20, (2, 300, 411)).clip(0, 255).astype(dtype)
    data[0, :50] = 7
    imsave(tif, data, statistics=True, nodata=7, cog=cog, threads=3)
    with rasterio.open(tif) as src:
        for band in (1, 2):
            stated, made = src.tags(band), data[band - 1][data[band - 1] != 7].astype(float)
            numbers = [float(stated[f"STATISTICS_{name}"]) for name in ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV")]
            np.testing.assert_allclose(numbers, [made.min(), made.max(), made.mean(), made.std()], rtol=1e-12)
    assert [key for key in tiff_tags(tif)] == sorted(tiff_tags(tif))


def test_statistics_do_not_depend_on_threads_and_replace_those_of_a_copy(tmp_path):
    data = np.random.default_rng(3).normal(100, 20, (1, 300, 411)).astype(np.float32)
    for threads in (1, 3):
        imsave(tmp_path / f"{threads}.tif", data, statistics=True, threads=threads)
    assert (tmp_path / "1.tif").read_bytes() == (tmp_path / "3.tif").read_bytes()
    xml = '<GDALMetadata>\n  <Item name="SENSOR">x</Item>\n  <Item name="STATISTICS_MEAN" sample="0">1</Item>\n</GDALMetadata>\n'
    imsave(tmp_path / "a.tif", data, metadata={"42112": xml})
    with IO.open(tmp_path / "a.tif") as reader:
        imsave(tmp_path / "b.tif", reader["image:0"], statistics=True)
    with rasterio.open(tmp_path / "b.tif") as src:
        assert float(src.tags(1)["STATISTICS_MEAN"]) == pytest.approx(data.astype(float).mean(), rel=1e-12)
        assert src.tags()["SENSOR"] == "x"


def test_statistics_as_a_hint_and_where_there_are_none(tmp_path):
    imsave(tmp_path / "a.tif", np.full((1, 20, 20), np.nan, np.float32), metadata={"Statistics": True})
    with rasterio.open(tmp_path / "a.tif") as src:
        assert not any("STATISTICS" in key for key in src.tags(1))
    with pytest.raises(OptionError, match="statistics.*png"):
        imsave(tmp_path / "a.png", DATA, statistics=True)
    with pytest.raises(OptionError, match="Statistics"):
        imsave(tmp_path / "a.tif", DATA, metadata={"Statistics": "perhaps"})


# --- what copies carry along

def directory(fields, offset):
    """The bytes of a directory at an offset, and its values."""
    entries, values = struct.pack("<H", len(fields)), b""
    place = offset + 2 + 12 * len(fields) + 4
    for row in fields:
        inline = row.content if len(row.content) <= 4 else struct.pack("<I", place + len(values))
        values += row.content if len(row.content) > 4 else b""
        entries += struct.pack("<HHI", row.tag, row.kind, row.count) + inline.ljust(4, b"\0")
    return entries + bytes(4) + values


EXIF = [field(33434, RATIONAL, (10, 2500)), field(36867, ASCII, b"2024:02:29 12:30:00\0"), field(37500, UNDEFINED, b"maker's notes")]
GPS = [field(1, ASCII, b"N\0"), field(2, RATIONAL, (50, 1), (7, 1), (1234, 100))]


def with_directories(path):
    """A file with EXIF and GPS; the offsets of both are in the strip, which comes first."""
    content = bytes(12)
    places = []
    for fields in (EXIF, GPS):
        places.append(8 + len(content))
        content += directory(fields, places[-1])
        content += bytes(len(content) % 2)
    path.write_bytes(file(fields_of(content, fields=[field(34665, LONG, places[0]), field(34853, LONG, places[1])])))


def exif_of(path):
    tags = Image.open(path).getexif()
    return dict(tags.get_ifd(34665)), dict(tags.get_ifd(34853))


@pytest.mark.parametrize("cog", [False, True])
def test_directories_of_exif_and_gps_are_copied(tmp_path, cog):
    with_directories(tmp_path / "a.tif")
    metadata = iminfo(tmp_path / "a.tif").metadata
    assert metadata["34665"]["36867"] == "2024:02:29 12:30:00" and metadata["34665"]["37500"] == b"maker's notes"
    assert metadata["34853"]["2"] == pytest.approx([50, 7, 12.34])
    if cog:
        with IO.open(tmp_path / "a.tif") as reader:
            imsave(tmp_path / "b.tif", reader["image:0"], cog=True)
    else:
        assert copy(tmp_path / "a.tif", tmp_path / "b.tif") == []
    expected, found = exif_of(tmp_path / "a.tif"), exif_of(tmp_path / "b.tif")
    assert found == expected and expected[0][36867] == "2024:02:29 12:30:00" and expected[1][1] == "N"
    assert iminfo(tmp_path / "b.tif").metadata["34665"] == metadata["34665"]


def test_a_directory_that_leads_to_itself_stays_a_number(tif):
    tif.write_bytes(file(fields_of(bytes(12), fields=[field(34665, LONG, 8)])))
    content = bytearray(tif.read_bytes())
    (own,) = [int.from_bytes(content[4:8], "little")]
    place = content.index(field(34665, LONG, 8).tag.to_bytes(2, "little") + b"\4\0\1\0\0\0")
    content[place + 8 : place + 12] = own.to_bytes(4, "little")
    tif.write_bytes(content)
    value = iminfo(tif).metadata["34665"]
    assert value["34665"]["34665"] == own, "two levels are read"
    copy(tif, tif.with_name("b.tif"))
    assert imread(tif.with_name("b.tif")).shape == (1, 3, 4)


def test_a_directory_is_not_made_of_a_mapping(tif):
    texts = warned(lambda: imsave(tif, DATA, metadata={"34665": {"36867": "2024:02:29 12:30:00"}}))
    assert any("34665" in text and "only copied from a file" in text for text in texts)
    assert 34665 not in tiff_tags(tif)


def test_profiles_and_texts_are_copied_byte_for_byte(tmp_path):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    fields = [field(34675, UNDEFINED, icc), field(700, 1, b"<x:xmpmeta/>"), field(33723, UNDEFINED, b"\x1c\x02\x00\x00\x02\x00\x02"),
              field(34377, 1, b"8BIM\x04\x04\0\0\0\0\0\0")]
    (tmp_path / "a.tif").write_bytes(file(fields_of(bytes(range(12)), fields=fields)))
    assert copy(tmp_path / "a.tif", tmp_path / "b.tif") == []
    (before,), (after,) = (directories((tmp_path / name).read_bytes()) for name in ("a.tif", "b.tif"))
    for tag in (34675, 700, 33723, 34377):
        assert after[tag] == before[tag]
    assert Image.open(tmp_path / "b.tif").info["icc_profile"] == icc


def test_a_chain_that_loops_is_read_up_to_the_loop(tmp_path):
    one, two = (fields_of(bytes([value] * 12)) for value in (1, 2))
    content = bytearray(file(one, two))
    first = int.from_bytes(content[4:8], "little")
    count = int.from_bytes(content[first : first + 2], "little")
    second = int.from_bytes(content[first + 2 + 12 * count :][:4], "little")
    count = int.from_bytes(content[second : second + 2], "little")
    place = second + 2 + 12 * count
    content[place : place + 4] = first.to_bytes(4, "little")
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.warns(FileWarning, match="second time"), IO.open(path) as reader:
        assert reader.get_asset_keys() == ["image:0", "image:1"]
        assert [int(reader[key].read().max()) for key in reader] == [1, 2]
