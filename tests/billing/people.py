"""Who decides in the tests of billing."""

from django.contrib.auth.models import Group, User


def person(name: str, *, group: str = "") -> User:
    """Somebody in a group, with the rights that a migrate gives it."""
    user, _ = User.objects.get_or_create(username=name)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return User.objects.get(pk=user.pk)  # without remembered rights
