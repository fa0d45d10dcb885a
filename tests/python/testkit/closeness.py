"""How close lossy pixels must be to those of another decoder."""
import numpy as np

# Lossy files: decoders differ by rounding of the inverse transform (1), of the colour conversion (2) and by how chroma is interpolated.
# The last moves single pixels at edges by tens of steps but no mean: a band's mean holds to 0.5, the mean of a sixteenth of the image to 1.
MEAN, CELL, EXTREME = 0.5, 1.0, 4.0
SUBSAMPLED_EXTREME = 24.0
SMALL = 32 * 32  # below this a cell of the 4 x 4 grid has so few pixels that interpolation of chroma shows in its mean
SMALL_CELL, SMALL_EXTREME = 24.0, 48.0


def close(pixels, variant, subsampled):
    """The reason why lossy `pixels` do not match this variant, or None."""
    if list(pixels.shape) != variant["shape"] or str(pixels.dtype) != variant["dtype"]:
        return f"{pixels.shape} {pixels.dtype}, expected {variant['shape']} {variant['dtype']}"
    small = pixels.shape[1] * pixels.shape[2] < SMALL
    for band, expected in zip(pixels.astype(float), variant.get("stats", [])):
        extreme = EXTREME if not subsampled else SMALL_EXTREME if small else SUBSAMPLED_EXTREME
        if abs(band.mean() - expected["mean"]) > (SMALL_CELL / 4 if small and subsampled else MEAN):
            return f"mean {band.mean():.3f}, expected {expected['mean']:.3f}"
        for name, value in (("min", band.min()), ("max", band.max())):
            if abs(value - expected[name]) > extreme:
                return f"{name} {value}, expected {expected[name]}"
        (height, width), quarters = band.shape, range(4)
        parts = [band[i * height // 4:(i + 1) * height // 4, j * width // 4:(j + 1) * width // 4] for i in quarters for j in quarters]
        cells = [part.mean() for part in parts if part.size]
        wanted = [value for row in expected.get("grid4", []) for value in row]
        if len(cells) == len(wanted):
            worst = np.abs(np.subtract(cells, wanted)).max()
            if worst > (SMALL_CELL if small and subsampled else CELL):
                return f"a cell of the 4 x 4 grid is off by {worst:.2f}"
    return None
