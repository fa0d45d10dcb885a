"""`osml-io view`: the pictures have the size, the colours and the stretch that were asked for."""
import numpy as np
import pytest
from aws.osml.io import imread, imsave
from aws.osml.io._cli import main
from PIL import Image

RAMP = np.linspace(100, 4000, 400, dtype=np.uint16).reshape(1, 1, 400).repeat(300, 1)


def view(path, *words):
    assert main(["view", str(path), str(path.parent / "v.png"), *map(str, words)]) == 0
    return np.asarray(Image.open(path.parent / "v.png"))


def test_values_are_stretched_by_percentiles_or_by_their_range(tmp_path):
    path = tmp_path / "a.tif"
    imsave(path, RAMP)
    wide, narrow = view(path, "--stretch", "minmax"), view(path)
    assert wide.shape == (300, 400) and (wide[0, 0], wide[0, -1]) == (0, 255)
    assert np.abs(wide[0].astype(float) - np.linspace(0, 255, 400)).max() <= 1
    assert (narrow == 0).mean() == pytest.approx(0.02, abs=0.005) and (narrow == 255).mean() == pytest.approx(0.02, abs=0.005)
    half = view(path, "--percentiles", "0,50")
    assert (half[:, 200:] == 255).all()
    plain = view(path, "--stretch", "none")
    assert plain[0, 0] == 100 and plain[0, -1] == 255


def test_the_size_is_bounded_and_values_are_means(tmp_path):
    path = tmp_path / "a.tif"
    checks = (np.indices((600, 900)).sum(0) % 2 * 200).astype(np.uint8)
    imsave(path, checks)
    small = view(path, "--size", 100, "--stretch", "none")
    assert small.shape == (67, 100) and np.abs(small[:-1].astype(int) - 100).max() <= 2


def test_pixels_without_a_value_are_black_and_do_not_count(tmp_path):
    path = tmp_path / "a.tif"
    data = RAMP.astype(np.float32)
    data[:, :, :50] = -9999
    data[:, :, 50:60] = np.nan
    imsave(path, data, nodata=-9999)
    found = view(path, "--stretch", "minmax")
    assert (found[:, :60] == 0).all() and found[0, 61] <= 2 and found[0, -1] == 255
    imsave(path, np.full((20, 20), np.nan, np.float32))
    assert (view(path) == 0).all()


def test_bands_windows_and_levels(tmp_path):
    path = tmp_path / "a.tif"
    data = np.stack([np.full((200, 300), value, np.uint8) for value in (10, 20, 30, 40)])
    data[:, :, 150:] += 100
    imsave(path, data)
    assert view(path, "--stretch", "none")[0, 0].tolist() == [10, 20, 30]
    assert view(path, "--stretch", "none", "--bands", "3,0,1")[0, 0].tolist() == [40, 10, 20]
    assert (view(path, "--stretch", "none", "--bands", "3", "--window", "150,0,50,60") == 140).all()
    imsave(path, data, cog=True, overviews=[2, 4])
    assert view(path, "--level", "1", "--stretch", "none").shape == (100, 150, 3)


def test_a_palette_shows_its_colours_and_complex_samples_their_magnitude(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P").save(path)
    palette = Image.new("P", (2, 2))
    palette.putpalette([255, 0, 0, 0, 0, 255] + [0] * 750)
    palette.putdata([0, 1, 1, 0])
    palette.save(path)
    assert view(path)[0].tolist() == [[255, 0, 0], [0, 0, 255]]
    path = tmp_path / "c.tif"
    imsave(path, np.full((4, 4), 30 + 40j, np.complex64))
    assert (view(path, "--stretch", "none") == 50).all()


def test_overviews_are_used_and_a_large_image_is_read_in_strips(tmp_path, monkeypatch):
    import aws.osml.io._picture as picture

    path = tmp_path / "a.tif"
    rows = np.arange(1000, dtype=np.uint16)[:, None].repeat(700, 1)
    imsave(path, rows)
    whole = view(path, "--size", 90, "--stretch", "minmax")
    monkeypatch.setattr(picture, "STRIP", 20_000)
    assert (view(path, "--size", 90, "--stretch", "minmax") == whole).all()
    imsave(path, rows, cog=True, block_size=128)
    monkeypatch.setattr(picture, "STRIP", 1 << 25)
    levels = []
    real = picture._reduced
    monkeypatch.setattr(picture, "_reduced", lambda *words, **named: levels.append(words[3]) or real(*words, **named))
    reduced = view(path, "--size", 90, "--stretch", "minmax")
    assert levels == [2] and reduced.shape == whole.shape and np.abs(reduced.astype(int) - whole).max() <= 2


def test_a_jpeg_has_a_quality(tmp_path):
    imsave(tmp_path / "a.tif", RAMP)
    for quality in (10, 90):
        assert main(["view", str(tmp_path / "a.tif"), str(tmp_path / f"{quality}.jpg"), "--quality", str(quality)]) == 0
    assert (tmp_path / "10.jpg").stat().st_size < (tmp_path / "90.jpg").stat().st_size
    assert imread(tmp_path / "90.jpg").shape == (1, 300, 400)
