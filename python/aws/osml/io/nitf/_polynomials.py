"""Cubic polynomials of three variables with their terms in the order of RPC00B (STDI-0002-1 App E)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Powers of longitude L, latitude P and height H in each term.
_POWERS = (
    (0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1), (2, 0, 0), (0, 2, 0), (0, 0, 2),
    (1, 1, 1), (3, 0, 0), (1, 2, 0), (1, 0, 2), (2, 1, 0), (0, 3, 0), (0, 1, 2), (2, 0, 1), (0, 2, 1), (0, 0, 3),
)  # fmt: skip

TERMS = len(_POWERS)

# Each term from the fifth on as a product of two before it.
_PRODUCTS = tuple(
    next(
        (one, other)
        for one in range(1, term)
        for other in range(1, term)
        if tuple(a + b for a, b in zip(_POWERS[one], _POWERS[other])) == powers
    )
    for term, powers in enumerate(_POWERS)
    if term > 3
)


def terms(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], z: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The terms at points, (terms, points). Coefficients of shape (…, terms) times this matrix are the polynomials' values."""
    found = np.empty((TERMS, x.size))
    found[0], found[1], found[2], found[3] = 1, x, y, z
    for term, (one, other) in enumerate(_PRODUCTS, 4):
        np.multiply(found[one], found[other], out=found[term])
    return found


def derivative(coefficients: npt.NDArray[np.float64], variable: int) -> npt.NDArray[np.float64]:
    """The coefficients, (polynomials, terms), of the derivatives with respect to a variable: 0 for L, 1 for P, 2 for H."""
    found = np.zeros_like(coefficients)
    for term, powers in enumerate(_POWERS):
        if powers[variable]:
            lower = tuple(power - (place == variable) for place, power in enumerate(powers))
            found[:, _POWERS.index(lower)] += powers[variable] * coefficients[:, term]
    return found
