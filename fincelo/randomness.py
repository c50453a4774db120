"""Tells 32 random bytes from what a person has thought of."""

SHORTEST = 43
"""32 bytes as secrets.token_urlsafe(32) writes them."""
SHORTEST_OF_HEX_DIGITS = 64
HEX_DIGITS = frozenset("0123456789abcdef")
WORDS = (
    "admin",
    "change",
    "company",
    "django",
    "example",
    "fincelo",
    "horse",
    "password",
    "production",
    "secret",
)
"""None of them comes by chance. Whoever thinks of a phrase about this product uses one."""
LONGEST_REPEAT = 5
LONGEST_REPEAT_OF_HEX_DIGITS = 7
"""So many characters may come twice by chance. A longer repetition happens to one random key in a million."""


def looks_random(secret: str) -> bool:
    """False for what is short, repeats a part of itself, holds words, or has letters of one case alone."""
    folded = secret.lower()
    if any(character.isspace() for character in secret) or any(word in folded for word in WORDS):
        return False
    if set(folded.replace("-", "")) <= HEX_DIGITS:
        digits = folded.replace("-", "")
        return len(digits) >= SHORTEST_OF_HEX_DIGITS and not repeats(digits, LONGEST_REPEAT_OF_HEX_DIGITS)
    has_digit = any(character.isdigit() for character in secret)
    is_mixed = secret not in (folded, secret.upper())
    return len(secret) >= SHORTEST and (has_digit or is_mixed) and not repeats(folded, LONGEST_REPEAT)


def repeats(text: str, longest: int) -> bool:
    """Tells whether any part that is longer than that comes twice."""
    size = longest + 1
    parts = [text[start : start + size] for start in range(len(text) - longest)]
    return len(set(parts)) < len(parts)
