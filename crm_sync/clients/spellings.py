"""The usual ways to write a name of several words. Values only."""

import re

BETWEEN_WORDS = re.compile(r"[\s_\-\u2010-\u2015]+")
JOINTS = (" ", "", "-", " - ", "_")


def spellings(name: str) -> list[str]:
    """The usual ways to write a name of several words, to ask for values that no list of stages shows."""
    words = [word for word in BETWEEN_WORDS.split(name) if word]
    return [joint.join(words) for joint in JOINTS] if len(words) > 1 else []
