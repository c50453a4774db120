"""What every name that people enter must be free of."""

from django.core.validators import RegexValidator

CONTROL = r"[\x01-\x1f\x7f-\x9f\u2028\u2029]"
"""Line breaks and control characters, in the words of Python and PostgreSQL alike."""

one_line = RegexValidator(
    CONTROL,
    "A name is one line: remove the line break or control character in it.",
    code="control",
    inverse_match=True,
)
