"""Colours and shapes of the pages; light or dark follows the reader's system.

Text has a contrast of 7:1 or more to the background, the accent 4.5:1. No button is of Streamlit's type "primary": its white
text on the accent is unreadable in the dark theme. Blue and amber can be distinguished with any kind of colour vision.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from PIL import Image, ImageDraw

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

THEME: dict[str, Any] = {
    "theme.font": FONT,
    "theme.headingFont": FONT,
    "theme.baseFontSize": 16,
    "theme.baseRadius": "0.75rem",
    "theme.buttonRadius": "0.75rem",
    "theme.headingFontWeights": [650, 600, 600],
    "theme.headingFontSizes": ["1.6rem", "1.25rem", "1.05rem"],
    "theme.metricValueFontSize": "1.45rem",
    "theme.paddingTop": "1.5rem",
    "theme.paddingBottom": "2rem",
    "theme.light.primaryColor": "#2459a6",
    "theme.light.backgroundColor": "#fbfbf9",
    "theme.light.secondaryBackgroundColor": "#f0f1ee",
    "theme.light.textColor": "#1d242d",
    "theme.light.borderColor": "#d5d9d6",
    "theme.light.linkColor": "#2459a6",
    "theme.dark.primaryColor": "#8ab4f0",
    "theme.dark.backgroundColor": "#14181d",
    "theme.dark.secondaryBackgroundColor": "#1f252c",
    "theme.dark.textColor": "#e8ebee",
    "theme.dark.borderColor": "#3a434d",
    "theme.dark.linkColor": "#8ab4f0",
}


CHIPS = (
    "<style>@media (prefers-color-scheme: dark) { [data-testid=stMultiSelectTagsContainer] [role=group] :is(span, button, svg) "
    f"{{ color: {THEME['theme.dark.backgroundColor']} }} }}</style>"
)
"""What is chosen in a list: Streamlit writes it white on the accent, which in the dark theme is light."""


@cache
def icon() -> Image.Image:
    """The tab's icon: five bars of a waveform. (Streamlit would fetch an icon given by name from the internet.)"""
    image = Image.new("RGBA", (64, 64))
    draw = ImageDraw.Draw(image)
    for number, half in enumerate((8, 20, 30, 16, 24)):
        left = 3 + number * 12
        draw.rounded_rectangle((left, 32 - half, left + 8, 31 + half), radius=4, fill="#4a83c4")
    return image
