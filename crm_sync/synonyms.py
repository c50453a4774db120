"""The words for terms and billing cycles that Fincelo understands by itself."""

import re

from contracts.enums import BillingCycle

MONTH_WORDS = frozenset({"m", "mo", "mos", "month", "months"})
YEAR_WORDS = frozenset({"y", "yr", "yrs", "year", "years"})
JOINERS = re.compile(r"[\s_-]+")


def same_words(text: str) -> str:
    """Folds case, blanks, underscores and hyphens: "Semi-Annual" and "semi annual" are the same words."""
    return JOINERS.sub(" ", text).strip().casefold()


CYCLE_WORDS = {
    BillingCycle.MONTHLY: ("Monthly", "Month", "Per month", "Every month", "P1M"),
    BillingCycle.QUARTERLY: ("Quarterly", "Quarter", "Per quarter", "Every quarter", "Every 3 months", "P3M"),
    BillingCycle.SEMI_ANNUAL: (
        "Semi-annual",
        "Semiannual",
        "Semi-annually",
        "Semiannually",
        "Half-yearly",
        "Every 6 months",
        "Per six months",
        "P6M",
    ),
    BillingCycle.ANNUAL: (
        "Annual",
        "Annually",
        "Yearly",
        "Year",
        "Per year",
        "Every year",
        "Every 12 months",
        "P12M",
        "P1Y",
    ),
    BillingCycle.ONE_TIME: ("One-time", "Onetime", "Once", "Upfront", "Up-front", "Prepaid in full"),
}
CYCLE_SYNONYMS = {same_words(word): cycle for cycle, words in CYCLE_WORDS.items() for word in words}
AMBIGUOUS_WORDS = {
    "twice a year or every two years": ("Bi-annual", "Biannual", "Bi-annually", "Biannually", "Bi-yearly"),
    "twice a month or every two months": ("Bi-monthly", "Bimonthly"),
}
AMBIGUOUS_CYCLES = {same_words(word): meaning for meaning, words in AMBIGUOUS_WORDS.items() for word in words}
