"""Numbers as a person reads them."""

from math import isfinite

MAGNITUDES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
PLAIN_BELOW = 10_000  # smaller numbers are read more easily in full
POWERS_FROM = 1000 * MAGNITUDES[0][0]  # no letter is common for what is larger
NEARLY = 0.9995  # what rounds to the next magnitude is written in it
WHOLE_FROM = 100  # from here on a decimal says nothing


def readable(value: float | None) -> str:
    """Write a number with at most three or four digits: 1.7e38, 1.3 B, 586 M, 9,809, 82.6, 0.042."""
    if value is None or not isfinite(value):
        return "no data"
    size = abs(value)
    if size < PLAIN_BELOW:
        return _plain(value, size)
    if size >= POWERS_FROM * NEARLY:
        return f"{value:.3g}".replace("e+", "e")
    for magnitude, letter in MAGNITUDES:
        if size >= magnitude * NEARLY:
            return f"{_digits(value / magnitude)} {letter}"
    return _plain(value, size)


def _plain(value: float, size: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}" if size < 1 else _digits(value)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= WHOLE_FROM else f"{value:.1f}".removesuffix(".0")
