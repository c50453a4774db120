"""What `make run` prints once everything answers."""

from collections.abc import Mapping
from pathlib import Path

from demo.ports import Ports

TEXT = """
Fincelo runs at {web}

Logins
{logins}

Simulated Salesforce at {salesforce}
{salesforce_credentials}

Simulated HubSpot at {hubspot}
{hubspot_credentials}

What to do now
  1. Open {web} and sign in as finance.
  2. Connect Salesforce: choose My Domain, fill in the address, key and secret from above, press
     Authorise, log in with the user name and password from above, and allow.
  3. Confirm the field mapping that Fincelo proposes. Look at the preview of the deals that closed before
     today, and press Start billing.
  4. Settings, CRM Integration, Add HubSpot: paste the token from above, press Connect, confirm its
     mapping, and start billing as in step 3.
  5. Press Sync now, or wait five minutes: see Contracts and Invoices, and Holds for what lacks something.
  6. Open a deal in a simulated CRM and press Close won. Sync now: its contract and invoice are there.
  7. Enter a billing e-mail on a customer's page, and send what waits. Mail, Open the mail folder shows it,
     for the demo sends nothing.

Commands, in another terminal: .venv/bin/python manage.py sync_crm
Logs are in {logs}. Ctrl-C stops everything.
"""


def welcome(
    *,
    ports: Ports,
    logins: Mapping[str, str],
    salesforce: Mapping[str, object],
    hubspot: Mapping[str, object],
    logs: Path,
) -> str:
    return TEXT.format(
        web=ports.url("web"),
        salesforce=ports.url("salesforce"),
        hubspot=ports.url("hubspot"),
        logins=_table(logins),
        salesforce_credentials=_table(salesforce),
        hubspot_credentials=_table(hubspot),
        logs=logs,
    )


def _table(values: Mapping[str, object]) -> str:
    labelled = {
        name.replace("_", " ").capitalize() if "_" in name else name: value for name, value in values.items()
    }
    width = max(map(len, labelled), default=0)
    return "\n".join(f"  {label:<{width}}  {value}" for label, value in labelled.items())
