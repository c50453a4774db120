"""What a run or a connection says it has found."""

from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding
from crm_sync.models import Connection, SyncRun

NOT_SIGNED = finding(FindingCode.NOT_SIGNED).sentence


def told_by(row: Connection | SyncRun) -> list[str]:
    return row.sentences
