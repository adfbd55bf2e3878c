"""Intervals of shares and means: what stands beside every figure."""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.8  # the house shows 80 % intervals everywhere, and says so


def wilson(successes: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927).

    >>> low, high = wilson(25, 40)
    >>> round(low, 3), round(high, 3)
    (0.524, 0.716)
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"a proportion needs 0 <= successes <= n and n > 0, not {successes} of {n}")
    z = float(ndtri(0.5 + confidence / 2))
    share, z2 = successes / n, z * z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * sqrt((share * (1 - share) + z2 / (4 * n)) / n)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def mean_interval(total: float, squares: float, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Student's interval of a mean from the sum, the sum of squares and n; a single value has no bounds (±inf).

    >>> low, high = mean_interval(30.0, 190.0, 5)
    >>> round(low, 3), round(high, 3)
    (4.916, 7.084)
    """
    if n <= 0:
        raise ValueError("a mean needs at least one value")
    if n == 1:
        return float("-inf"), float("inf")
    mean = total / n
    spread = max(0.0, (squares - n * mean * mean) / (n - 1))
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * sqrt(spread / n)
    return mean - half, mean + half
