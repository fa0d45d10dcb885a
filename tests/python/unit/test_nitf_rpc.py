"""Sensor models of rational polynomials: both directions, and the text of GDAL and RPC00B."""
import pickle
from dataclasses import replace

import numpy as np
import pytest
from aws.osml.io import Error, OptionError
from aws.osml.io.nitf import RPC, ChipMapping, ConvergenceError, FieldNotFoundError, ichipb, rpc
from hypothesis import given, settings
from hypothesis import strategies as st

SOME = settings(deadline=None, max_examples=100)
POLYNOMIALS = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")
WIDTHS = {
    "SUCCESS": 1, "ERR_BIAS": 7, "ERR_RAND": 7, "LINE_OFF": 6, "SAMP_OFF": 5, "LAT_OFF": 8, "LONG_OFF": 9, "HEIGHT_OFF": 5,
    "LINE_SCALE": 6, "SAMP_SCALE": 5, "LAT_SCALE": 8, "LONG_SCALE": 9, "HEIGHT_SCALE": 5,
}
# The terms of the two orders, as products of longitude L, latitude P and height H.
RPC00B = "1 L P H LP LH PH LL PP HH PLH LLL LPP LHH LLP PPP PHH LLH PPH HHH".split()
RPC00A = "1 L P H LP LH PH LPH LL PP HH LLL LLP LLH LPP PPP PPH LHH PHH HHH".split()


def model(seed=1, **changes):
    """A model similar to that of a satellite image: rows run south, columns east, a few pixels of curvature."""
    rng = np.random.default_rng(seed)
    numbers = {
        "line_off": 10500.0, "samp_off": 9200.0, "lat_off": 38.4321, "long_off": -77.1234, "height_off": 250.0,
        "line_scale": 10501.0, "samp_scale": 9201.0, "lat_scale": 0.1234, "long_scale": 0.1456, "height_scale": 500.0,
        "err_bias": 4.25, "err_rand": 0.5,
    }
    small = lambda: rng.normal(0, 1, 20) * np.array([1e-3] * 4 + [1e-4] * 6 + [1e-6] * 10)
    line, sample = small(), small()
    line[1:4] += (0.15, -1.05, 0.02)
    sample[1:4] += (1.08, 0.12, -0.03)
    dens = small(), small()
    for den in dens:
        den[0] = 1
    numbers.update(line_num_coeff=line, line_den_coeff=dens[0], samp_num_coeff=sample, samp_den_coeff=dens[1])
    return RPC(**{**numbers, **changes})


MODEL = model()


def ground(count=500, seed=2, m=MODEL):
    rng = np.random.default_rng(seed)
    lon = m.long_off + m.long_scale * rng.uniform(-1, 1, count)
    lat = m.lat_off + m.lat_scale * rng.uniform(-1, 1, count)
    return lon, lat, m.height_off + m.height_scale * rng.uniform(-1, 1, count)


def gdal(m, **options):
    rasterio = pytest.importorskip("rasterio")
    from rasterio.transform import RPCTransformer

    return RPCTransformer(rasterio.rpc.RPC.from_gdal(m.to_gdal()), **options)


# --- against GDAL

@pytest.mark.parametrize("seed", range(5))
def test_gdal_projects_to_the_same_pixels(seed):
    m = model(seed)
    lon, lat, h = ground(m=m)
    row, col = m.project(lon, lat, h)
    with gdal(m) as other:
        theirs = other.rowcol(lon, lat, h, op=lambda x: x)
    # GDAL counts from the edge of the first pixel.
    np.testing.assert_allclose(np.array([row, col]) + 0.5, theirs, rtol=0, atol=1e-6)
    assert np.ptp(row) > 10000 and np.ptp(col) > 10000


def test_gdal_locates_the_same_ground():
    rng = np.random.default_rng(3)
    row, col, h = rng.uniform(0, 21000, 50), rng.uniform(0, 18000, 50), rng.uniform(-200, 700, 50)
    lon, lat = MODEL.locate(row, col, h)
    with gdal(MODEL, RPC_PIXEL_ERROR_THRESHOLD=1e-6) as other:
        theirs = other.xy(row + 0.5, col + 0.5, h, offset="ul")
    np.testing.assert_allclose([lon, lat], theirs, rtol=0, atol=1e-10)


def test_gdal_projects_to_the_same_pixels_across_the_antimeridian():
    m = model(long_off=179.95)
    lon, lat, h = ground(m=m)
    assert lon.max() > 180
    wrapped = np.where(lon > 180, lon - 360, lon)
    np.testing.assert_allclose(m.project(wrapped, lat, h), m.project(lon, lat, h), rtol=0, atol=1e-6)
    with gdal(m) as other:
        theirs = other.rowcol(wrapped, lat, h, op=lambda x: x)
    np.testing.assert_allclose(np.array(m.project(wrapped, lat, h)) + 0.5, theirs, rtol=0, atol=1e-6)
    back = m.locate(*m.project(wrapped, lat, h), h)
    np.testing.assert_allclose(back, [wrapped, lat], rtol=0, atol=1e-10)


def test_metadata_of_gdal_both_ways():
    rasterio = pytest.importorskip("rasterio")
    text = MODEL.to_gdal()
    assert all(isinstance(value, str) for value in text.values())
    assert RPC.from_gdal(text) == MODEL
    assert RPC.from_gdal(rasterio.rpc.RPC.from_gdal(text)) == MODEL
    assert RPC.from_gdal({**text, "LINE_NUM_COEFF": MODEL.line_num_coeff, "LINE_OFF": 10500, "MIN_LONG": "1"}) == MODEL
    for unknown in ("-1", "", None):
        assert RPC.from_gdal({**text, "ERR_BIAS": unknown}).err_bias is None
    assert "ERR_BIAS" not in replace(MODEL, err_bias=None).to_gdal()


@pytest.mark.parametrize("change, message", [
    ({"LINE_OFF": "x"}, "LINE_OFF"), ({"LINE_NUM_COEFF": "1 2 3"}, "line_num_coeff: got 3 coefficients"),
    ({"SAMP_OFF": None}, "SAMP_OFF"), ({"LAT_SCALE": "0"}, "lat_scale"), ({"LINE_OFF": "nan"}, "line_off"),
])
def test_metadata_of_gdal_that_are_wrong_are_errors(change, message):
    with pytest.raises(OptionError, match=message):
        RPC.from_gdal({**MODEL.to_gdal(), **change})


def test_metadata_of_gdal_that_are_incomplete_name_what_is_missing():
    with pytest.raises(OptionError, match="LINE_DEN_COEFF, LINE_OFF|LINE_OFF, LINE_DEN_COEFF"):
        RPC.from_gdal({k: v for k, v in MODEL.to_gdal().items() if k not in ("LINE_OFF", "LINE_DEN_COEFF")})
    with pytest.raises(OptionError, match="mapping"):
        RPC.from_gdal(3)


# --- both directions

def test_the_polynomials_are_those_of_the_standard():
    lon, lat, h = -77.05, 38.5, 400.0
    values = {"L": (lon - MODEL.long_off) / MODEL.long_scale, "P": (lat - MODEL.lat_off) / MODEL.lat_scale,
              "H": (h - MODEL.height_off) / MODEL.height_scale, "1": 1.0}
    sums = [sum(c * np.prod([values[v] for v in term]) for c, term in zip(getattr(MODEL, name), RPC00B))
            for name in POLYNOMIALS]
    expected = (MODEL.line_off + MODEL.line_scale * sums[0] / sums[1], MODEL.samp_off + MODEL.samp_scale * sums[2] / sums[3])
    assert MODEL.project(lon, lat, h) == pytest.approx(expected, rel=0, abs=1e-8)


@SOME
@given(st.integers(0, 2**32), st.floats(-0.2, 1.2), st.floats(-0.2, 1.2), st.floats(-1, 1))
def test_locate_is_the_inverse_of_project(seed, v, u, height):
    m = model(seed)
    row, col, h = v * 21000, u * 18400, 250 + 500 * height
    lon, lat = m.locate(row, col, h)
    assert m.project(lon, lat, h) == pytest.approx((row, col), rel=0, abs=1e-6)


def test_numbers_give_numbers_and_arrays_broadcast():
    row, col = MODEL.project(-77.1, 38.4, 100)
    assert type(row) is float and type(col) is float
    assert all(type(value) is float for value in MODEL.locate(row, col, 100))
    rows, cols = MODEL.project(np.linspace(-77.2, -77.0, 5)[:, None], np.array([38.4, 38.5]), 100)
    assert rows.shape == cols.shape == (5, 2)
    lon, lat = MODEL.locate(rows, cols, [100.0])
    assert lon.shape == lat.shape == (5, 2)
    np.testing.assert_allclose(lon[:, 0], np.linspace(-77.2, -77.0, 5), rtol=0, atol=1e-11)
    assert MODEL.project([-77.1], 38.4, 100)[0].shape == (1,)
    assert MODEL.locate(np.empty((0, 3)), 1, 2)[0].shape == (0, 3)
    with pytest.raises(OptionError, match="fit together"):
        MODEL.project(np.zeros(3), np.zeros(4), 0)


def test_many_points_are_worked_on_in_parts():
    lon, lat, h = ground(70001)
    row, col = MODEL.project(lon, lat, h)
    np.testing.assert_allclose(MODEL.project(lon[-1], lat[-1], h[-1]), (row[-1], col[-1]), rtol=0, atol=1e-8)
    back = MODEL.locate(row, col, h)
    np.testing.assert_allclose(back, [lon, lat], rtol=0, atol=1e-10)


def test_points_that_do_not_converge_are_an_error_that_names_the_first():
    # Rows are a parabola of the latitude: there are none below its vertex.
    line = np.zeros(20)
    line[2], line[8] = 0.5, 1
    sample = np.zeros(20)
    sample[1] = 1
    one = np.zeros(20)
    one[0] = 1
    m = replace(MODEL, line_num_coeff=line, line_den_coeff=one, samp_num_coeff=sample, samp_den_coeff=one)
    low = m.line_off - 0.5 * m.line_scale
    with pytest.raises(ConvergenceError, match=r"2 of 4 image points, first at \(0, 1\): row 5249.5.* pixels off") as caught:
        m.locate([[m.line_off + 2000, low], [low, m.line_off + 3000]], 9000, 0)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, Error)
    assert caught.value.indices.tolist() == [1, 2]
    assert (caught.value.distances >= 5250).all()
    with pytest.raises(ConvergenceError, match="for 1 of 1 image points: row"):
        m.locate(low, 9000, 0)
    with pytest.raises(ConvergenceError):
        MODEL.locate(np.inf, 0, 0)


def test_nan_gives_nan_and_leaves_the_others():
    lon, lat = MODEL.locate([np.nan, 5000], 4000, 100)
    assert np.isnan(lon[0]) and np.isnan(lat[0])
    assert MODEL.project(lon[1], lat[1], 100) == pytest.approx((5000, 4000), rel=0, abs=1e-6)
    assert np.isnan(MODEL.project(np.nan, 38, 0)[0])


def test_a_model_is_a_value():
    assert pickle.loads(pickle.dumps(MODEL)) == MODEL and hash(model()) == hash(MODEL)
    assert "line_off=10500.0" in repr(MODEL)
    with pytest.raises(AttributeError):
        MODEL.line_off = 1


# --- as an RPC00B

def field_texts(fields):
    for name, value in fields.items():
        if isinstance(value, list):
            assert len(value) == 20 and all(list(record) == [name] for record in value)
            yield from ((name, record[name], 12) for record in value)
        else:
            yield name, value, WIDTHS[name]


def numbers_of_the_field(decimals, low, high):
    return st.integers(round(low * 10**decimals), round(high * 10**decimals)).map(lambda n: n / 10**decimals)


COEFFICIENTS = st.tuples(st.integers(-9999999, 9999999), st.integers(-9, 9)).map(lambda t: float(f"{t[0] / 1e6:.6f}E{t[1]}"))


@SOME
@given(st.fixed_dictionaries({
    "line_off": numbers_of_the_field(0, 0, 999999), "samp_off": numbers_of_the_field(0, 0, 99999),
    "lat_off": numbers_of_the_field(4, -90, 90), "long_off": numbers_of_the_field(4, -180, 180),
    "height_off": numbers_of_the_field(0, -9999, 9999), "line_scale": numbers_of_the_field(0, 1, 999999),
    "samp_scale": numbers_of_the_field(0, 1, 99999), "lat_scale": numbers_of_the_field(4, 0.0001, 90),
    "long_scale": numbers_of_the_field(4, 0.0001, 180), "height_scale": numbers_of_the_field(0, 1, 9999),
    "err_bias": numbers_of_the_field(2, 0, 9999.99), "err_rand": numbers_of_the_field(2, 0, 9999.99),
    **{name: st.lists(COEFFICIENTS, min_size=20, max_size=20).map(tuple) for name in POLYNOMIALS},
}))
def test_what_the_fields_can_hold_comes_back_as_it_is(values):
    m = RPC(**values)
    fields = m.to_tre()
    for name, text, width in field_texts(fields):
        assert len(text) == width, name
    assert rpc({"RPC00B": fields}) == m


@SOME
@given(st.integers(0, 2**32), st.floats(-0.5, 0.5), st.floats(-5e-5, 5e-5), st.floats(-0.5, 0.5))
def test_numbers_between_those_of_the_fields_keep_the_model(seed, pixels, degrees, metres):
    m = model(seed)
    m = replace(
        m, line_off=m.line_off + pixels, samp_off=m.samp_off - pixels, line_scale=m.line_scale + pixels,
        samp_scale=m.samp_scale - pixels, lat_off=m.lat_off + degrees, long_off=m.long_off - degrees,
        lat_scale=m.lat_scale - degrees, long_scale=m.long_scale + degrees, height_off=m.height_off + metres,
        height_scale=m.height_scale - metres,
    )
    read = rpc({"RPC00B": m.to_tre()})
    assert read.line_off == round(m.line_off) and read.lat_off == round(m.lat_off, 4)
    lon, lat, h = ground(100, m=m)
    # A coefficient has seven digits: half of the last, times the scale, for each of the larger ones.
    np.testing.assert_allclose(read.project(lon, lat, h), m.project(lon, lat, h), rtol=0, atol=0.03)


def test_fields_as_they_stand_in_a_file():
    fields = MODEL.to_tre()
    assert fields["SUCCESS"] == "1" and fields["ERR_BIAS"] == "0004.25" and fields["LINE_OFF"] == "010500"
    assert fields["SAMP_OFF"] == "09200" and fields["LAT_OFF"] == "+38.4321" and fields["LONG_OFF"] == "-077.1234"
    assert fields["HEIGHT_OFF"] == "+0250" and fields["HEIGHT_SCALE"] == "+0500" and fields["LONG_SCALE"] == "+000.1456"
    assert fields["LINE_DEN_COEFF"][0] == {"LINE_DEN_COEFF": "+1.000000E+0"}
    assert len("".join(text for _, text, _ in field_texts(fields))) == 1041
    small = replace(MODEL, line_num_coeff=(-0.5, 2.5e-11, -4e-16, 1e-9, -9.9999996e-5, *[0] * 15)).to_tre()
    assert [record["LINE_NUM_COEFF"] for record in small["LINE_NUM_COEFF"][:6]] == [
        "-5.000000E-1", "+0.025000E-9", "+0.000000E+0", "+1.000000E-9", "-1.000000E-4", "+0.000000E+0"]


@pytest.mark.parametrize("change", [
    {"line_off": 1000000.0}, {"samp_off": 100000.0}, {"samp_off": -10000.0}, {"line_scale": -1.0}, {"lat_off": 91.0},
    {"long_off": 181.0}, {"height_scale": 10000.0}, {"err_bias": 10000.0}, {"err_rand": -1.0},
    {"line_num_coeff": (1e10,) * 20},
])
def test_what_a_field_cannot_hold_is_an_error_that_names_it(change):
    with pytest.raises(OptionError, match=f"RPC00B {next(iter(change)).upper()}: got .*, expected"):
        replace(MODEL, line_den_coeff=(0,) * 20 if "line_num_coeff" in change else MODEL.line_den_coeff, **change).to_tre()


def test_coefficients_too_large_for_their_field_are_divided():
    m = replace(MODEL, line_num_coeff=tuple(c * 1e12 for c in MODEL.line_num_coeff),
                line_den_coeff=tuple(c * 1e12 for c in MODEL.line_den_coeff))
    lon, lat, h = ground(100)
    np.testing.assert_allclose(rpc({"RPC00B": m.to_tre()}).project(lon, lat, h), MODEL.project(lon, lat, h), rtol=0, atol=0.03)


def test_gdal_reads_the_fields_as_they_are():
    jbpy = pytest.importorskip("jbpy")
    fields = MODEL.to_tre()
    body = "".join(text for _, text, _ in field_texts(fields)).encode()
    tre = jbpy.tre_factory("RPC00B")
    import io

    tre.load(io.BytesIO(b"RPC00B01041" + body))
    assert tre["LINE_OFF"].value == 10500 and tre["LONG_OFF"].value == pytest.approx(-77.1234)


# --- from metadata

def test_rpc00a_has_its_terms_in_another_order():
    fields = MODEL.to_tre()
    in_a = dict(fields)
    place = {"".join(sorted(term)): number for number, term in enumerate(RPC00B)}
    for name in POLYNOMIALS:
        key = name.upper()
        in_a[key] = [fields[key][place["".join(sorted(term))]] for term in RPC00A]
    assert in_a != fields
    assert rpc({"RPC00A": in_a}) == rpc({"RPC00B": fields})
    assert rpc({"RPC00A": in_a, "RPC00B": model(7).to_tre()}) == rpc({"RPC00B": model(7).to_tre()})


def test_metadata_without_a_model():
    with pytest.raises(FieldNotFoundError, match="no RPC00B or RPC00A") as caught:
        rpc({"IC": "NC", "RPC00C": b""})
    assert isinstance(caught.value, KeyError) and "did you mean RPC00C" in str(caught.value)
    with pytest.raises(OptionError, match="SUCCESS"):
        rpc({"RPC00B": {**MODEL.to_tre(), "SUCCESS": "0"}})
    with pytest.raises(OptionError, match="blank HEIGHT_OFF"):
        rpc({"RPC00B": {**MODEL.to_tre(), "HEIGHT_OFF": "     "}})
    assert rpc({"RPC00B": {**MODEL.to_tre(), "ERR_BIAS": "       "}}).err_bias is None


def test_the_model_of_a_chip_is_in_its_pixels():
    # 100 × 50 pixels of 4 × 4, from row 2000, column 3000 of the full image on.
    mapping = ChipMapping(((0, 0), (0, 99), (49, 0), (49, 99)), ((2001.5, 3001.5), (2001.5, 3397.5), (2197.5, 3001.5),
                                                                 (2197.5, 3397.5)), 4.0)
    chipped = MODEL.chipped(mapping)
    lon, lat, h = ground(50)
    row, col = MODEL.project(lon, lat, h)
    chip_row, chip_col = chipped.project(lon, lat, h)
    np.testing.assert_allclose(chip_row, (row - 2001.5) / 4, rtol=0, atol=1e-6)
    np.testing.assert_allclose(chip_col, (col - 3001.5) / 4, rtol=0, atol=1e-6)
    np.testing.assert_allclose(chipped.locate(chip_row, chip_col, h), [lon, lat], rtol=0, atol=1e-10)
    alone = chipped.to_rpc()
    np.testing.assert_allclose(alone.project(lon, lat, h), [chip_row, chip_col], rtol=0, atol=1e-6)
    with gdal(alone) as other:
        theirs = other.rowcol(lon, lat, h, op=lambda x: x)
    np.testing.assert_allclose(np.array([chip_row, chip_col]) + 0.5, theirs, rtol=0, atol=1e-6)


def test_the_model_of_a_turned_chip():
    # Turned by a quarter: rows of the chip are columns of the image, from right to left.
    mapping = ChipMapping(((0, 0), (0, 99), (49, 0), (49, 99)), ((100, 300), (199, 300), (100, 251), (199, 251)))
    chipped = MODEL.chipped(mapping)
    lon, lat = chipped.locate(10, 20, 100)
    assert MODEL.project(lon, lat, 100) == pytest.approx((120, 290), abs=1e-6)
    assert chipped.project(lon, lat, 100) == pytest.approx((10, 20), abs=1e-6)
    with pytest.raises(OptionError, match="turned"):
        chipped.to_rpc()
    with pytest.raises(FieldNotFoundError, match="ICHIPB"):
        ichipb({"RPC00B": MODEL.to_tre()})


def test_a_dict_of_the_model_makes_the_model():
    fields = MODEL.to_dict()
    assert fields["line_off"] == MODEL.line_off and fields["samp_den_coeff"] == list(MODEL.samp_den_coeff)
    assert RPC.from_gdal(fields) == MODEL
    unknown = replace(MODEL, err_bias=None)
    assert unknown.to_dict()["err_bias"] is None and RPC.from_gdal(unknown.to_dict()) == unknown


def test_the_dict_is_that_of_rasterio():
    rasterio_rpc = pytest.importorskip("rasterio.rpc")
    theirs = rasterio_rpc.RPC.from_gdal(MODEL.to_gdal())
    assert theirs.to_dict() == MODEL.to_dict()
    assert RPC.from_gdal(theirs.to_dict()) == MODEL and rasterio_rpc.RPC(**MODEL.to_dict()) == theirs
