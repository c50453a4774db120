"""What tests of pages share: who is signed in, and what a table says."""

import re
from html import unescape

from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client


def signed_in(*permissions: str) -> Client:
    """A browser whose user has these rights, named as app.codename, and no others."""
    user = User.objects.create_user("dana")
    give(*permissions)
    client = Client()
    client.force_login(user)
    return client


def give(*permissions: str) -> None:
    """More rights for who is signed in."""
    user = User.objects.get(username="dana")
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


def rows(response: HttpResponse) -> list[list[str]]:
    """The cells of every table body, as words."""
    body = "".join(re.findall(r"<tbody>(.*?)</tbody>", squeezed(response.content.decode()), re.S))
    return [
        [words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


def squeezed(html: str) -> str:
    """HTML without the white space that its template is indented with and a reader never sees."""
    html = re.sub(r"[ \t\r\n]+", " ", html)
    html = re.sub(r"(<[^<>]*?) (?=/?>)", r"\1", html)
    html = re.sub(r"(<(?!br|input|img)[a-z][^<>]*>) ", r"\1", html)
    return re.sub(r" (?=</)", "", html)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def heading(response: HttpResponse) -> str:
    """Title, state and sentence at the head of the page."""
    found = re.search(
        r'<header class="page-header">(.*?)</header>', squeezed(response.content.decode()), re.S
    )
    assert found
    return words(found[1])


def alerts(response: HttpResponse) -> list[str]:
    """What happened, of each alert and message."""
    return [
        words(text)
        for text in re.findall(
            r'<div class="alert-body">\s*<p(?: class="alert-what")?>(.*?)</p>',
            squeezed(response.content.decode()),
            re.S,
        )
    ]


def field_errors(response: HttpResponse) -> dict[str, str]:
    """What is wrong with each field that the page shows as wrong, by the id of its control."""
    found = re.findall(
        r'<ul class="errorlist[^"]*" id="([^"]+)_error">(.*?)</ul>', squeezed(response.content.decode()), re.S
    )
    return {control: words(listed) for control, listed in found}
