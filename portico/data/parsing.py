"""Parsing of numbers and times in addresses, filters and control options."""

from datetime import UTC, date, datetime
from math import isfinite

MOST_DIGITS = 40


def whole_number(text: str) -> int | None:
    """Read a plain whole number of a bounded length."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS else None


def number(text: str) -> float | None:
    """Read a finite number of a bounded length."""
    if len(text) > MOST_DIGITS or not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def moment(text: str) -> datetime | None:
    """Read a date or a date with a time (ISO 8601); with an offset it is moved to UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):
        return None


def is_day(text: str) -> bool:
    """Return True if a time is written as a date only (ISO 8601), without a time of day."""
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return False
    return True
