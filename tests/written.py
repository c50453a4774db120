"""How days and numbers look where they are written in another way than the workspace has chosen."""

import re

MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
ISO_DAYS = r"\b\d{4}-\d{2}-\d{2}\b"
AMERICAN_DAYS = rf"\b(?:{MONTHS})[a-z]* \d{{1,2}}, \d{{4}}\b"
ENGLISH = (
    rf"\b\d{{1,2}} (?:{MONTHS})[a-z]* \d{{4}}\b",
    r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])",
    r"(?<![\d.,:])\d+\.\d{1,2}(?![\d.,])",
)
GERMAN = (
    r"\b\d{1,2}\.\d{1,2}\.\d{4}\b",
    r"(?<![\d.,])\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.])",
    r"(?<![\d.,])\d+,\d{1,2}(?![\d.,])",
)
STRANGE = {
    "de": re.compile("|".join((ISO_DAYS, AMERICAN_DAYS, *ENGLISH))),
    "en-gb": re.compile("|".join((ISO_DAYS, AMERICAN_DAYS, *GERMAN))),
}
"""By how the workspace writes: what nothing shows there, apart from what others wrote."""
