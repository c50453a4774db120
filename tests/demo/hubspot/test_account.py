from tests.demo.hubspot.caller import Caller


def test_details(caller: Caller) -> None:
    assert caller.get("/account-info/2026-09/details").json() == {
        "portalId": 48211907,
        "accountType": "STANDARD",
        "timeZone": "US/Eastern",
        "companyCurrency": "USD",
        "additionalCurrencies": [],
        "utcOffset": "-05:00",
        "utcOffsetMilliseconds": -18000000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


def test_details_of_a_european_portal(caller: Caller) -> None:
    caller.portal.ui_domain = "app-eu1.hubspot.com"

    assert caller.get("/account-info/v3/details").json()["dataHostingLocation"] == "eu1"


def test_daily_usage_ends_at_midnight_of_the_portal(caller: Caller) -> None:
    caller.get("/account-info/2026-09/details")

    assert caller.get("/account-info/2026-09/api-usage/daily/private-apps").json() == {
        "results": [
            {
                "name": "private-apps-api-calls-daily",
                "usageLimit": 625000,
                "currentUsage": 2,
                "collectedAt": "2026-11-22T15:04:05.120Z",
                "fetchStatus": "SUCCESS",
                "resetsAt": "2026-11-23T05:00:00Z",
            }
        ]
    }
