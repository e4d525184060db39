"""Texts that look like numbers or times, so that a reader is told why a column of them is not measured."""

import re
from collections.abc import Collection

SIGN = r"(?:[$€£¥]|EUR|USD|GBP|CHF|JPY)"  # other letters are rather a name: ABC 123
NUMBER = re.compile(
    rf"(?P<before>{SIGN}\s?)?[-+−]?(?:\d{{1,3}}(?P<group>[,.'’\s]\d{{3}})+|\d+)(?P<rest>[.,]\d+)?(?P<after>\s?(?:%|{SIGN}))?"
)
TIME = re.compile(
    r"(?:\d{4}([/.-])\d{1,2}\1\d{1,2}|\d{1,2}([/.-])\d{1,2}\2\d{4}|\d{1,2}/\d{1,2}/\d{2}|\d{1,2}[ .-]{1,2}[A-Za-z]{3,9}[ .-]\d{4})"
    r"(?:,?[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?)?"
)


def why_text(texts: Collection[str]) -> str:
    """Say why some values of a column are texts although all look like numbers or times; empty if they do not.

    Plain digits are none: they may be names of something.
    """
    if not texts:
        return ""
    if all(TIME.fullmatch(text) for text in texts):
        return f"values such as “{max(texts, key=len)}” are no times that are read here; 2024-03-14 10:05:00 is"
    found = {text: NUMBER.fullmatch(text) for text in texts}
    odd = {text: reason for text, match in found.items() if match and (reason := _why_no_number(match))}
    if not odd or not all(found.values()):
        return ""
    example = max(odd, key=len)
    return f"values such as “{example}” have {odd[example]}; numbers are written as 1234.5"


def _why_no_number(number: re.Match[str]) -> str:
    if number["before"] or number["after"]:
        return "a sign beside the number"
    if number["group"]:
        return "separators between thousands"
    return "a decimal comma" if (number["rest"] or "").startswith(",") else ""
