from tests.demo.hubspot.caller import Caller, error_body

OWNERS = "/crm/owners/2026-09"


def test_active_owners(caller: Caller) -> None:
    caller.portal.add_owner(email="ada@example.com", first_name="Ada", last_name="Okoro")
    caller.portal.add_owner(email="left@example.com", archived=True)
    caller.portal.add_owner(email=None, first_name="Desk", queue=True)

    life = {
        "createdAt": "2026-11-22T15:04:05.120Z",
        "updatedAt": "2026-11-22T15:04:05.120Z",
        "archived": False,
    }
    assert caller.get(OWNERS).json() == {
        "results": [
            {
                "id": "41629779",
                "email": "ada@example.com",
                "type": "PERSON",
                "firstName": "Ada",
                "lastName": "Okoro",
                "userId": 9586504,
                "userIdIncludingInactive": 9586504,
                **life,
            },
            {
                "id": "41631805",
                "type": "QUEUE",
                "firstName": "Desk",
                "lastName": "",
                "userId": None,
                "userIdIncludingInactive": None,
                **life,
            },
        ]
    }


def test_archived_owners(caller: Caller) -> None:
    owner_id = caller.portal.add_owner(email="left@example.com", first_name="Ines", last_name="Roy")
    caller.portal.deactivate_owner(owner_id)

    results = caller.get(OWNERS, archived="true").json()["results"]

    assert results == [
        {
            "id": owner_id,
            "email": "left@example.com",
            "type": "PERSON",
            "firstName": "Ines",
            "lastName": "Roy",
            "userId": None,
            "userIdIncludingInactive": 9586504,
            "createdAt": "2026-11-22T15:04:05.120Z",
            "updatedAt": "2026-11-22T15:04:05.120Z",
            "archived": True,
        }
    ]
    assert caller.get(OWNERS).json() == {"results": []}


def test_pages(caller: Caller) -> None:
    made = [caller.portal.add_owner(email=f"{number}@example.com") for number in range(3)]

    first = caller.get(OWNERS, limit=2).json()
    second = caller.get(OWNERS, limit=2, after=first["paging"]["next"]["after"]).json()

    assert [owner["id"] for owner in first["results"] + second["results"]] == made
    assert "paging" not in second


def test_by_email(caller: Caller) -> None:
    caller.portal.add_owner(email="one@example.com")
    wanted = caller.portal.add_owner(email="two@example.com")

    assert [o["id"] for o in caller.get(OWNERS, email="two@example.com").json()["results"]] == [wanted]


def test_one_owner(caller: Caller) -> None:
    active = caller.portal.add_owner(email="here@example.com")
    left = caller.portal.add_owner(email="left@example.com", archived=True)

    by_id = caller.get(f"{OWNERS}/{active}").json()
    by_user = caller.get(f"{OWNERS}/9586504", idProperty="userId").json()
    archived = caller.get(f"{OWNERS}/{left}", idProperty="id", archived="true").json()
    missing = caller.get(f"{OWNERS}/{left}")

    assert (by_id["id"], by_user["id"], archived["id"]) == (active, active, left)
    assert missing.status_code == 404
    assert error_body(missing) == {"status": "error", "message": "resource not found"}
