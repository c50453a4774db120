"""How the CRM's own things are shown."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.timesince import timesince

from crm_sync.clients.registry import facts_of
from crm_sync.enums import HoldCode
from crm_sync.holds.groups import HoldGroup
from crm_sync.oversight.safe_links import safe_link

ONE_MINUTE = timedelta(minutes=1)
register = template.Library()


@register.filter
def crm_link(url: str) -> str:
    """The CRM's address of a record, or nothing where it is not fit to be followed."""
    return safe_link(url)


@register.filter
def crm_name(provider: str) -> str:
    return facts_of(provider).name


@register.filter
def age(moment: datetime | None) -> str:
    """For how long already, in its largest unit."""
    if moment is None:
        return ""
    if timezone.now() - moment < ONE_MINUTE:
        return "less than a minute"
    return timesince(moment, depth=1).replace("\xa0", " ")


@register.filter
def group_sentence(group: HoldGroup) -> str:
    """What holds a group's deals, in one sentence."""
    number = group.stake.number
    held = "1 deal is held" if number == 1 else f"{number:,} deals are held"
    return f"{held}. {group.sentence}"


@register.filter
def cause(code: str) -> str:
    """The words of a hold's reason code."""
    return str(HoldCode(code).label) if code in HoldCode.values else code
