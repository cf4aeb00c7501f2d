"""Intervals of shares."""

import math

__all__ = ["difference", "wilson"]

_Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


def wilson(count: int, n: int) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval (J. Am. Stat. Assoc. 22, 1927) for `count` of `n`, at 95 %."""
    share, square = count / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if count == 0 else low, 1.0 if count == n else high)


def difference(count: int, n: int, other: int, of: int) -> tuple[float, float]:
    """Return bounds at 95 % for the share `count` of `n` less `other` of `of`: Newcombe's hybrid score interval.

    Source: Newcombe 1998, Interval Estimation for the Difference Between Independent Proportions, method 10.
    """
    one, two = count / n, other / of
    (low, high), (least, most) = wilson(count, n), wilson(other, of)
    gap = one - two
    return (
        gap - math.sqrt((one - low) ** 2 + (most - two) ** 2),
        gap + math.sqrt((high - one) ** 2 + (two - least) ** 2),
    )
