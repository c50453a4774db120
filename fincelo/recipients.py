"""Who is told by mail when something is wrong."""

from django.contrib.auth.models import User

TOLD = ("Finance", "Operator")
NOBODY = "Nobody in the groups Finance and Operator has an e-mail address."


def people_to_tell() -> list[str]:
    people = User.objects.filter(is_active=True, groups__name__in=TOLD).exclude(email="")
    return sorted(set(people.values_list("email", flat=True)))
