"""Time zones, which both CRMs name as the IANA database does."""

from zoneinfo import available_timezones

from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Findings


def known_zone(name: str, *, crm: str, findings: Findings) -> str:
    """The zone itself. Empty, with a finding, where the CRM tells none or one that this machine lacks."""
    if name in available_timezones():
        findings.fine(FindingCode.ZONE_UNKNOWN)
        return name
    findings.trouble(FindingCode.ZONE_UNKNOWN, crm=crm, told=name[:60])
    return ""
