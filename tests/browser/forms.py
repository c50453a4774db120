"""Every form of the product, and how each is sent wrong once. A form that is in neither list fails the test."""

from dataclasses import dataclass, field

LONG = "x" * 40
BUTTONS = {
    "no field that a person fills in": """
        account_logout approvals-approve background-work-again background-work-give-up change-confirm
        change-withdraw connection-disconnect connection-pause connection-preflight connection-remove
        connection-resume connection-schema connection-stage connection-sync contract-approve contract-bill-all
        contract-resume contracts-approve credit-note-approve credit-note-discard credit-note-send
        custom-field-printed customer-follow-crm customer-send deal-take-back field-mapping-reapply grant-settle
        field-mapping-version hold-accept hold-downgrade hold-free hold-group-replay hold-replay invoice-send
        leavers-keep leavers-suspend limit-remove mails-send parked-ask parked-release payment-import-decide
        payment-import-discard start-billing start-billing-suspend tie-out-check
    """,
    "the question is answered on the page, whatever it is": "why",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One form, sent with something wrong."""

    page: str
    """Where the form stands; names in braces are keys of the workspace."""
    sent: dict[str, str]
    """By the name of the control: what a person types or chooses."""
    first: str
    """The first wrong field, which has the focus afterwards."""
    action: str = ""
    """Where the form is sent; left out, to the page itself."""
    opens: bool = False
    """The form is in a dialog."""
    forgets: frozenset[str] = field(default_factory=frozenset)
    """What is not shown again: secrets and files, and what a day field cannot hold."""


INVOICE, CONTRACT, CUSTOMER = "/invoices/{invoice}/", "/contracts/{contract}/", "/customers/{customer}/"
HOLD, CONNECTION, BACKFILL = (
    "/holds/{hold}/",
    "/settings/crm/{connection}/",
    "/settings/crm/{connection}/backfill/",
)
GROUP = "/holds/group/?connection={connection}&code={code}&key={key}&raw={raw}"
FORMS: dict[str, list[Wrong]] = {
    "account_login": [
        Wrong(
            page="/login/",
            sent={"username": "nobody", "password": "wrong"},
            first="username",
            forgets=frozenset({"password"}),
        )
    ],
    "account_change_password": [
        Wrong(
            page="/password/",
            sent={"oldpassword": "wrong", "password1": LONG, "password2": LONG},
            first="oldpassword",
            forgets=frozenset({"oldpassword", "password1", "password2"}),
        )
    ],
    "approval-hold-back": [
        Wrong(
            page="/invoices/{draft}/",
            action="/approvals/{draft}/hold-back/",
            opens=True,
            sent={"reason": ""},
            first="reason",
        )
    ],
    "backfill-preview": [
        Wrong(
            page=BACKFILL,
            action=BACKFILL + "preview/",
            sent={"import_from": "", "billed_until": "2026-05-31"},
            first="import_from",
        )
    ],
    "backfill-confirm": [
        Wrong(
            page=BACKFILL,
            action=BACKFILL + "confirm/",
            opens=True,
            sent={"limit_USD": "-5"},
            first="limit_USD",
        )
    ],
    "backfill-decide": [
        Wrong(
            page=BACKFILL + "deals/{row}/",
            action=BACKFILL + "deals/{row}/decide/",
            sent={"billed_until": "31.31.2026"},
            first="billed_until",
            forgets=frozenset({"billed_until"}),
        )
    ],
    "billing-settings": [
        Wrong(page="/settings/billing/", sent={"locked_until": "2999-01-01"}, first="locked_until")
    ],
    "connection-add": [
        Wrong(
            page="/settings/crm/add/salesforce/",
            sent={
                "my_domain": "https://evil.example",
                "client_id": "key",
                "client_secret": "",
                "name": "Mine",
            },
            first="client_secret",
        ),
        Wrong(
            page="/settings/crm/add/hubspot/",
            sent={"token": "", "name": "Mine", "import_from": "2026-01-01"},
            first="token",
        ),
    ],
    "connection-authorise": [
        Wrong(
            page="/settings/crm/{disconnected}/",
            action="/settings/crm/{disconnected}/authorise/",
            sent={"client_id": "", "my_domain": "https://acme.my.salesforce.com"},
            first="client_id",
        )
    ],
    "connection-settings": [
        Wrong(
            page=CONNECTION,
            action=CONNECTION + "settings/",
            sent={"name": "Renamed", "most_new_deals": "0"},
            first="most_new_deals",
        )
    ],
    "connection-token": [
        Wrong(
            page="/settings/crm/{hubspot}/",
            action="/settings/crm/{hubspot}/token/",
            sent={"token": ""},
            first="token",
        )
    ],
    "contract-billed-elsewhere": [
        Wrong(
            page="/contracts/{asking}/",
            action="/contracts/{asking}/catch-up/elsewhere/",
            opens=True,
            sent={"billed_until": "(none)"},
            first="billed_until",
            forgets=frozenset({"billed_until"}),
        )
    ],
    "contract-reject": [
        Wrong(
            page="/contracts/{awaiting}/",
            action="/contracts/{awaiting}/reject/",
            opens=True,
            sent={"reason": " "},
            first="reason",
        )
    ],
    "contract-timing": [
        Wrong(
            page=CONTRACT,
            action=CONTRACT + "timing/",
            opens=True,
            sent={"timing": "in_arrears", "reason": ""},
            first="reason",
        )
    ],
    "customer-billing-terms": [
        Wrong(
            page=CUSTOMER,
            action=CUSTOMER + "billing-terms/",
            opens=True,
            sent={"tax_percent": "180", "payment_terms_days": "14"},
            first="tax_percent",
        )
    ],
    "customer-contact": [
        Wrong(
            page=CUSTOMER,
            action=CUSTOMER + "contact/",
            sent={"billing_email": "nobody", "language": "de"},
            first="billing_email",
        )
    ],
    "customer-details": [
        Wrong(
            page=CUSTOMER + "details/",
            sent={"printed_name": "Acme Ltd", "billing_email": "nobody", "city": "Preston"},
            first="billing_email",
        )
    ],
    "deal-test": [
        Wrong(
            page="/settings/mapping/{connection}/test/",
            sent={"deal": "https://elsewhere.example/006A"},
            first="deal",
        ),
    ],
    "field-mapping": [
        Wrong(
            page="/settings/mapping/{connection}/",
            action="/settings/mapping/{connection}/",
            sent={"translation-0-raw_value": "", "translation-0-value": "annual"},
            first="translation-0-raw_value",
        )
    ],
    "hold-dismiss": [
        Wrong(page=HOLD, action=HOLD + "dismiss/", opens=True, sent={"reason": "  "}, first="reason")
    ],
    "hold-enter": [
        Wrong(
            page=HOLD,
            action=HOLD + "enter/",
            opens=True,
            sent={"value": "soon", "reason": "The order form says so."},
            first="value",
        )
    ],
    "hold-group-default": [
        Wrong(page=GROUP, action="/holds/group/default/", opens=True, sent={"value": "soon"}, first="value"),
        Wrong(
            page=HOLD,
            action="/holds/group/default/?hold={hold}",
            opens=True,
            sent={"value": "soon"},
            first="value",
        ),
    ],
    "hold-group-dismiss": [
        Wrong(page=GROUP, action="/holds/group/dismiss/", opens=True, sent={"reason": ""}, first="reason")
    ],
    "hold-group-translate": [
        Wrong(
            page="/holds/{untranslated}/",
            action="/holds/group/translate/?hold={untranslated}",
            opens=True,
            sent={"value": ""},
            first="value",
        )
    ],
    "hold-settings": [
        Wrong(page="/settings/holds/", sent={"reminder_hours": "soon, later"}, first="reminder_hours")
    ],
    "invoice-credit": [
        Wrong(
            page=INVOICE,
            action=INVOICE + "credit/",
            opens=True,
            sent={"amount": "999999.00", "reason": "Agreed"},
            first="amount",
        ),
        Wrong(
            page=INVOICE,
            action=INVOICE + "credit/",
            opens=True,
            sent={"amount": "ten", "reason": ""},
            first="amount",
        ),
    ],
    "invoice-payment": [
        Wrong(
            page=INVOICE,
            action=INVOICE + "payment/",
            opens=True,
            sent={"paid": "5", "received_date": "2999-01-01", "reference": "Bank 7"},
            first="received_date",
        ),
        Wrong(
            page=INVOICE,
            action=INVOICE + "payment/",
            opens=True,
            sent={"paid": "0", "reference": "Bank 8"},
            first="paid",
        ),
    ],
    "invoice-void": [
        Wrong(
            page="/invoices/{unsent}/",
            action="/invoices/{unsent}/void/",
            opens=True,
            sent={"void_reason": " "},
            first="void_reason",
        )
    ],
    "legal-entity": [
        Wrong(
            page="/settings/legal-entity/",
            sent={"name": "", "city": "Preston", "payment_terms_days": "30"},
            first="name",
        )
    ],
    "letterhead-save": [
        Wrong(
            page="/settings/invoices/",
            action="/settings/invoices/letterhead/",
            sent={"footer": "\n".join("abcdefgh")},
            first="footer",
        )
    ],
    "limit-set": [
        Wrong(
            page="/settings/billing/",
            action="/settings/billing/limits/",
            sent={"limit_currency": "JPY", "amount": "0.5"},
            first="amount",
        )
    ],
    "mail-bounced": [
        Wrong(
            page=INVOICE,
            action="/invoices/mail/{mail}/bounced/",
            opens=True,
            sent={"bounce_reason": ""},
            first="bounce_reason",
        )
    ],
    "mailing-save": [
        Wrong(
            page="/settings/invoices/",
            action="/settings/invoices/mailing/",
            sent={"sender": "nobody"},
            first="sender",
        )
    ],
    "payment-import-file": [
        Wrong(page="/payments/", action="/payments/import/", sent={}, first="file"),
    ],
    "payment-import-read": [
        Wrong(
            page="/payments/imports/{file}/",
            action="/payments/imports/{file}/read/",
            sent={"name": "", "account_currency": "EUR"},
            first="name",
        )
    ],
    "payment-take-back": [
        Wrong(
            page=INVOICE,
            action="/payments/{payment}/take-back/",
            opens=True,
            sent={"reason": ""},
            first="reason",
        )
    ],
    "restored": [
        Wrong(page="/settings/billing/restored/", sent={"reason": ""}, first="reason"),
    ],
}
