"""The lock under which anything of a contract's billing is decided or changed."""

from collections.abc import Collection

from django.db import connection

from contracts.bulk import as_array


def lock_contracts(*, contract_ids: Collection[int]) -> None:
    """Holds the contracts until the transaction ends. What is read of their billing afterwards stays true.

    Everybody locks in this one order, so that nobody waits in a circle. The customers are only kept from
    being deleted, because invoices refer to them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 1
            FROM contracts_contract contract
            JOIN contracts_customer customer ON customer.id = contract.customer_id
            WHERE contract.id = ANY(%s::bigint[])
            ORDER BY customer.id, contract.id
            FOR KEY SHARE OF customer FOR NO KEY UPDATE OF contract
            """,
            [as_array(contract_ids)],
        )
