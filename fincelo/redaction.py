"""Takes secrets out of log lines, tracebacks included."""

import logging
import re

MASK = "[redacted]"

_PATTERNS = (
    re.compile(r"(?i)\b((?:bearer|basic|oauth)\s+)[\w.~+/=!-]{8,}"),
    re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?!\s*(?:bearer|basic|oauth)\b)[^\s\"',}]+"),
    re.compile(
        r"(?i)([\"']?\b(?:access_token|refresh_token|id_token|client_secret|code_verifier|code|state|token|"
        r"password|assertion|sid)[\"']?\s*(?:=|:\s*(?=[\"'])|%3D)\s*[\"']?)[^\s\"'&,;)}]+"
    ),
    re.compile(r"()\bpat-[a-z]{2}\d?-[\w-]+"),
    re.compile(r"()\b00D[A-Za-z0-9]{12,15}![\w.]+"),  # a CRM's session id
    re.compile(r"()\b5Aep[\w.]{20,}"),  # a CRM's refresh token
)


def redact(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


class RedactSecrets(logging.Filter):
    """Sits on handlers, where it sees what every logger sends."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True
