import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

POLICY = {
    "default-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
}


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("finance", password="a long pass phrase")


def test_headers_of_a_page(client: Client) -> None:
    headers = client.get("/login/").headers

    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    assert {
        name: headers[name]
        for name in (
            "Cross-Origin-Opener-Policy",
            "Referrer-Policy",
            "X-Content-Type-Options",
            "X-Frame-Options",
        )
    } == {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


@pytest.mark.parametrize(
    ("path", "location"),
    [("/password/", "/login/?next=/password/"), ("/admin/", "/admin/login/?next=/admin/")],
)
def test_stranger_is_asked_to_sign_in(client: Client, path: str, location: str) -> None:
    response = client.get(path)

    assert (response.status_code, response.headers["Location"]) == (302, location)


def test_page_of_a_person_is_not_cached(client: Client, person: User) -> None:
    client.force_login(person)

    response = client.get("/password/")

    assert response.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_session_cookie(client: Client, person: User) -> None:
    response = client.post("/login/", {"username": "finance", "password": "a long pass phrase"})

    cookie = response.cookies[settings.SESSION_COOKIE_NAME]
    assert response.status_code == 302
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")


def test_session_ends_when_the_password_changes(client: Client, person: User) -> None:
    client.force_login(person)
    person.set_password("another long phrase")
    person.save()

    assert client.get("/password/").status_code == 302


def test_session_ends_when_the_person_is_deactivated(client: Client, person: User) -> None:
    client.force_login(person)
    User.objects.update(is_active=False)

    assert client.get("/password/").status_code == 302
