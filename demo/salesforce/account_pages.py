"""Pages on which a person renames and merges accounts."""

from collections import Counter

from demo.http_server import Request, Response, Router, redirect
from demo.pages import Markup, Templates, join, options, pager
from demo.salesforce.columns import Row
from demo.salesforce.org import Org
from demo.salesforce.shell import refusal, said, salesforce_page

PAGE_SIZE = 50


class Accounts:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates

    def add_to(self, router: Router) -> None:
        router.add("GET", r"/accounts", self.listed)
        router.add("POST", r"/accounts/merge", self.merge)
        router.add("POST", r"/accounts/(?P<account_id>001\w{15})/rename", self.rename)

    def listed(self, request: Request) -> Response:
        return self._page(request, notice=said(self._templates, self._saved(request)))

    def rename(self, request: Request, account_id: str) -> Response:
        name = request.form().get("name", "").strip()
        if not name or not self._is_live(account_id):
            notice = refusal(self._templates, "An account needs a name and must not be deleted.")
            return self._page(request, notice=notice, status=400)
        self._org.edit(account_id, Name=name)
        return redirect(f"/accounts?renamed={account_id}", status=303)

    def merge(self, request: Request) -> Response:
        form = request.form()
        winner, loser = form.get("winner", ""), form.get("loser", "")
        if winner == loser or not (self._is_live(winner) and self._is_live(loser)):
            notice = refusal(self._templates, "Choose two different accounts.")
            return self._page(request, notice=notice, status=400)
        self._org.merge_accounts(winner=winner, loser=loser)
        return redirect(f"/accounts?merged={winner}", status=303)

    def _page(self, request: Request, *, notice: Markup, status: int = 200) -> Response:
        found = sorted(self._org.records("Account"), key=lambda row: str(row["Name"]).lower())
        live = [(str(row["Id"]), str(row["Name"])) for row in found if not row["IsDeleted"]]
        deals = Counter(row["AccountId"] for row in self._org.records("Opportunity") if not row["IsDeleted"])
        page_count = max(1, -(-len(found) // PAGE_SIZE))
        asked = request.argument("page", "1")
        number = min(max(1, int(asked) if asked.isdecimal() else 1), page_count)
        on_page = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        content = self._templates.render(
            "accounts.html",
            notice=notice,
            winners=options(live, selected=""),
            losers=options(live, selected=live[1][0] if len(live) > 1 else ""),
            count=f"{len(live):,}",
            rows=join(self._row(row, deals[row["Id"]]) for row in on_page),
            pager=pager(page_number=number, page_count=page_count, address="/accounts?page="),
        )
        return salesforce_page("Accounts", content, status=status)

    def _row(self, row: Row, deals: int) -> Markup:
        state = f"merged into {row['MasterRecordId']}" if row["MasterRecordId"] else "deleted"
        rename = self._templates.render("rename_account.html", id=row["Id"], name=row["Name"])
        return self._templates.render(
            "account_row.html",
            id=row["Id"],
            name=row["Name"],
            deals=deals,
            state=state if row["IsDeleted"] else "",
            rename="" if row["IsDeleted"] else rename,
        )

    def _saved(self, request: Request) -> str:
        for word in ("renamed", "merged"):
            if self._is_live(request.argument(word)):
                return f"{self._org.record(request.argument(word))['Name']}: {word}."
        return ""

    def _is_live(self, account_id: str) -> bool:
        try:
            return account_id.startswith("001") and not self._org.record(account_id)["IsDeleted"]
        except KeyError:
            return False
