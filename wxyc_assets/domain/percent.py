"""Shares as people read them: the same share looks the same everywhere."""

from math import floor, isclose

SMALL = 0.01
"""Below it a share has two decimals, otherwise one."""
ROUNDING = 1e-7


def percent(share: float | None) -> str:
    """Return a percentage, rounded down; 100% only when nothing is missing, `none` for None.

    One with fewer decimals than that is exact: 5% is a twentieth, 5.0% is a little more.
    """
    if share is None:
        return "none"
    decimals = 2 if abs(share) < SMALL else 1
    shown = floor(share * 100 * 10**decimals + ROUNDING) / 10**decimals
    is_exact = isclose(shown, share * 100, abs_tol=1e-9)
    return f"{shown:g}%" if is_exact else f"{shown:.{decimals}f}%"
