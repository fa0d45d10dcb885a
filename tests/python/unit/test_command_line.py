"""The command `osml-io` as processes: results, exit codes, one line for each error, standard streams."""
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from aws.osml.io import IO, iminfo, imread, imsave
from aws.osml.io.tiff import write_cog
from testkit.arrays import assert_same, image

COMMAND = [sys.executable, "-m", "aws.osml.io"]
DATA = image((3, 150, 200), "uint8")
PLACE = {"crs": "EPSG:32618", "transform": (300000, 10, 0, 4500000, 0, -10)}


def run(*words, data=None, **kwargs):
    return subprocess.run([*COMMAND, *map(str, words)], input=data, capture_output=True, timeout=60, **kwargs)


def good(*words, **kwargs):
    done = run(*words, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def bad(*words, code=1, **kwargs):
    """The lines on standard error of a command that fails."""
    done = run(*words, **kwargs)
    assert done.returncode == code, done.stderr
    text = done.stderr.decode()
    assert "Traceback" not in text
    return text.splitlines()


@pytest.fixture
def source(tmp_path):
    imsave(tmp_path / "a.tif", DATA, block_size=64, **PLACE)
    return tmp_path / "a.tif"


def test_info_as_text_and_as_json(source):
    text = good("info", source)
    assert "200 × 150, 3 bands of uint8" in text and "EPSG:32618" in text and "deflate" in text
    lines = good("info", "--json", "--metadata", source, source).splitlines()
    facts = [json.loads(line) for line in lines]
    assert len(facts) == 2 and facts[0] == facts[1]
    [asset] = facts[0]["assets"]
    assert (asset["width"], asset["height"], asset["bands"], asset["dtype"]) == (200, 150, 3, "uint8")
    assert asset["transform"] == list(PLACE["transform"]) and asset["metadata"]["256"] == 200
    assert facts[0]["bytes"] == source.stat().st_size


def test_json_holds_what_json_lacks(tmp_path):
    imsave(tmp_path / "a.tif", np.zeros((4, 4), np.float32), nodata=float("nan"), metadata={"65000": b"\0\xff"})
    facts = json.loads(good("info", "--json", "--metadata", tmp_path / "a.tif"))
    asset = facts["assets"][0]
    assert asset["nodata"] == "nan" and asset["metadata"]["65000"] == "AP8="


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_described(source, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"II*\0" + bytes(50))
    done = run("info", tmp_path / "none.tif", source, tmp_path / "bad.tif")
    errors = done.stderr.decode().splitlines()
    assert done.returncode == 1 and b"200 \xc3\x97 150" in done.stdout and len(errors) == 2
    assert "none.tif" in errors[0] and "bad.tif" in errors[1]


def test_convert_has_the_arguments_of_the_function(source, tmp_path):
    good("convert", source, tmp_path / "b.tif", "--compression", "zstd", "--block-size", "128,64", "--window", "10,20,100,90",
         "--bands", "2,0", "--metadata", "270=some words", "--threads", "1")
    found = iminfo(tmp_path / "b.tif")
    assert (found.compression, found.block_size, found.metadata["270"]) == ("zstd", (128, 64), "some words")
    assert_same(imread(tmp_path / "b.tif"), imread(source, window=(10, 20, 100, 90), bands=[2, 0]))
    good("convert", source, tmp_path / "c.out", "--format", "nitf", "--level", "1")
    assert (iminfo(tmp_path / "c.out").format, iminfo(tmp_path / "c.out").width) == ("nitf", 100)


def test_a_batch_reports_bad_files_by_name_and_converts_the_others(source, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"II*\0" + bytes(50))
    imsave(tmp_path / "c.png", DATA[:1])
    sources = [source, tmp_path / "bad.tif", tmp_path / "c.png", tmp_path / "none.tif"]
    for jobs in (1, 3):
        folder = tmp_path / f"out{jobs}"
        errors = bad("convert", *sources, "--to", folder, "--format", "tiff", "--jobs", jobs)
        assert sorted(path.name for path in folder.iterdir()) == ["a.tif", "c.tif"]
        assert len(errors) == 2 and all(any(name in line for line in errors) for name in ("bad.tif", "none.tif"))
        assert_same(imread(folder / "a.tif"), DATA)
    good("convert", source, tmp_path / "out1", "--quiet")
    good("convert", source, tmp_path / "c.png", tmp_path / "out1")


def test_targets_of_a_batch_are_never_their_sources_nor_each_other(source, tmp_path):
    before = source.read_bytes()
    (tmp_path / "other").mkdir()
    imsave(tmp_path / "other" / "a.tif", DATA[:1])
    errors = bad("convert", source, "--to", tmp_path, "--compression", "lzw")
    assert "the file itself" in errors[0] and source.read_bytes() == before
    errors = bad("convert", source, tmp_path / "other" / "a.tif", "--to", tmp_path / "out")
    assert len(errors) == 1 and "other" in errors[0]
    assert_same(imread(tmp_path / "out" / "a.tif"), DATA)


def test_standard_input_and_output(source, tmp_path):
    out = run("convert", "-", "-", "--format", "png", data=source.read_bytes())
    assert out.returncode == 0 and out.stdout.startswith(b"\x89PNG")
    (tmp_path / "b.png").write_bytes(out.stdout)
    assert_same(imread(tmp_path / "b.png"), DATA)
    assert "200 × 150" in good("info", "-", data=source.read_bytes())
    assert "format" in bad("convert", source, "-")[0]
    assert bad("convert", "-", "--to", tmp_path / "out", code=2)


def test_warnings_are_lines_and_quiet_leaves_them_out(source, tmp_path):
    done = run("convert", source, tmp_path / "b.png")
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("osml-io: warning: ") and "a.tif" in line and "georeference" in line
    assert run("convert", source, tmp_path / "b.png", "-q").stderr == b""


def test_errors_are_one_line_unless_a_traceback_is_asked_for(source, tmp_path):
    [line] = bad("convert", source, tmp_path / "b.tif", "--compression", "zip9")
    assert line.startswith("osml-io: ") and "zip9" in line
    done = run("convert", source, tmp_path / "b.tif", "--compression", "zip9", "--traceback")
    assert done.returncode == 1 and b"Traceback" in done.stderr
    assert not (tmp_path / "b.tif").exists()


def test_wrong_words_end_with_2(source, tmp_path):
    assert "unknown command" in bad("covert", source, code=2)[-1]
    assert bad(code=2) == []
    for words in (["convert", source], ["convert", source, source, "x.tif"], ["chip", source, "x.tif"], ["info"],
                  ["convert", source, "x.tif", "--window", "1,2,3"], ["convert", source, "x.tif", "--jobs", "0"],
                  ["view", source, "x.gif"], ["view", source, "x.png", "--percentiles", "9,2"]):
        assert "error" in bad(*words, code=2, cwd=tmp_path)[-1]
    assert good("--help").startswith("usage: osml-io") and "convert" in good("--help")
    assert good("--version").startswith("osml-io ")
    for command in ("info", "convert", "cog", "rset", "chip", "view"):
        assert f"osml-io {command}" in good(command, "--help")


def test_chip_cog_and_rset(source, tmp_path):
    good("chip", source, tmp_path / "chip.ntf", "--window", "30,20,100,90")
    assert_same(imread(tmp_path / "chip.ntf"), DATA[:, 20:110, 30:130])
    assert np.allclose(iminfo(tmp_path / "chip.ntf").transform, (300300, 10, 0, 4499800, 0, -10))
    good("cog", source, tmp_path / "cog.tif")
    good("cog", source, tmp_path / "cog2.tif", "--overviews", "2", "--resampling", "nearest", "--compression", "zstd")
    assert iminfo(tmp_path / "cog.tif").num_resolution_levels > 1
    write_cog(tmp_path / "cog3.tif", source, overviews=[2], resampling="nearest", compression="zstd")
    assert (tmp_path / "cog2.tif").read_bytes() == (tmp_path / "cog3.tif").read_bytes()
    good("rset", source, tmp_path / "r.ntf", "--levels", "2")
    assert (tmp_path / "r.ntf.r2").exists() and iminfo(tmp_path / "r.ntf", rset=True).num_resolution_levels >= 3


def test_a_broken_pipe_is_quiet(source):
    child = subprocess.Popen([*COMMAND, "info", "--metadata", *[str(source)] * 3000], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.read(10)
    child.stdout.close()
    assert b"Traceback" not in child.stderr.read()
    child.stderr.close()
    assert child.wait(60) == 1


def test_info_does_not_import_numpy(source):
    code = "import sys; from aws.osml.io._cli import main; main(['info', sys.argv[1]]); main(['convert', *sys.argv[1:]]); " \
           "assert 'numpy' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, str(source), os.fspath(source) + ".ntf"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with IO.open(os.fspath(source) + ".ntf") as reader:
        assert len(reader) == 1
