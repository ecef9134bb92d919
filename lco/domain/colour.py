"""Contrast of colours (WCAG 2.2, 1.4.3)."""

import re

READABLE = 4.5
"""The least contrast of text with what is behind it."""


def is_behind_white(colour: str) -> bool:
    """Whether white text can be read on `colour`, which is written like `#2d5016`; False for any other form."""
    return bool(re.fullmatch("#[0-9A-Fa-f]{6}", colour)) and 1.05 / (_luminance(colour) + 0.05) >= READABLE


def _luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]  # noqa: PLR2004 - WCAG
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
