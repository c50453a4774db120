"""Time zones, which both CRMs name as the IANA database does."""

from zoneinfo import available_timezones

from crm_sync.findings import FindingCode, Findings


def known_zone(name: str, *, crm: str, findings: Findings) -> str:
    """The zone itself. Empty, with a finding, where the CRM tells none or one that this machine lacks."""
    if name in available_timezones():
        findings.fine(FindingCode.ZONE_UNKNOWN)
        return name
    told = f"tells the time zone {name[:60]!r}, which Fincelo does not know" if name else "tells no time zone"
    findings.trouble(
        FindingCode.ZONE_UNKNOWN,
        f"{crm} {told}, so the days of its deals are not known and no deal is imported. Let the access read "
        "the account's details, or choose the time zone in the settings of this connection.",
        told=name[:60],
    )
    return ""
