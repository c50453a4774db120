"""Time zones, which both CRMs name as the IANA database does."""

from zoneinfo import available_timezones


def zone_or_utc(name: str, *, warnings: list[str]) -> str:
    """The zone itself, or UTC and a warning where this machine does not know it."""
    if name in available_timezones():
        return name
    warnings.append(
        f"Fincelo does not know the time zone {name[:60]!r} of this CRM and reads its moments as UTC."
    )
    return "UTC"
