from billing.models import Instalment
from contracts.models import Contract, Customer
from crm_sync.models import CrmDeal, Hold


def test_salesforce_won_deals_become_contracts(salesforce, org, run):
    org.add_won_deals(40)

    first = run(salesforce)
    again = run(salesforce)

    assert (first.state, first.error, first.created, first.held) == ("done", "", 40, 0)
    assert (again.state, again.created, again.unchanged) == ("done", 0, 40)
    assert Customer.objects.count() == 10
    assert Contract.objects.count() == CrmDeal.objects.count() == 40
    assert Instalment.objects.count() > 40
    assert not Hold.objects.exists()


def test_hubspot_won_deals_become_contracts(hubspot, portal, run):
    portal.add_won_deals(40)

    first = run(hubspot)
    again = run(hubspot)

    assert (first.state, first.error, first.created, first.held) == ("done", "", 40, 0)
    assert (again.state, again.created, again.unchanged) == ("done", 0, 40)
    assert Customer.objects.count() == 10
    assert Contract.objects.count() == CrmDeal.objects.count() == 40
