"""Pages on which a person deletes deals and brings them back."""

from collections.abc import Callable

from demo.http_server import Request, Response, Router, redirect
from demo.pages import Markup, Templates, join
from demo.salesforce.columns import Row
from demo.salesforce.org import Org
from demo.salesforce.shell import said, salesforce_page

DEAL = r"/deals/(?P<deal_id>006\w{15})"


class RecycleBin:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates

    def add_to(self, router: Router) -> None:
        router.add("GET", r"/bin", self.shown)
        router.add("POST", rf"{DEAL}/delete", self.delete)
        router.add("POST", rf"{DEAL}/undelete", self.undelete)
        router.add("POST", rf"{DEAL}/purge", self.purge)

    def shown(self, request: Request) -> Response:
        found = [row for row in self._org.records("Opportunity") if row["IsDeleted"]]
        found.sort(key=lambda row: str(row["SystemModstamp"]), reverse=True)
        rows = join(self._row(row) for row in found)
        content = self._templates.render(
            "bin.html",
            rows=rows or self._templates.render("empty_bin.html"),
        )
        return salesforce_page("Recycle bin", content)

    def delete(self, request: Request, deal_id: str) -> Response:
        return self._do(self._org.delete, deal_id, address="/bin")

    def undelete(self, request: Request, deal_id: str) -> Response:
        return self._do(self._org.undelete, deal_id, address=f"/deals/{deal_id}?saved=1")

    def purge(self, request: Request, deal_id: str) -> Response:
        return self._do(self._org.purge, deal_id, address="/bin")

    def _do(self, change: Callable[[str], None], deal_id: str, *, address: str) -> Response:
        try:
            change(deal_id)
        except KeyError:
            notice = said(self._templates, "There is no deal with this id.")
            return salesforce_page("Not found", notice, status=404)
        return redirect(address, status=303)

    def _row(self, row: Row) -> Markup:
        return self._templates.render(
            "bin_row.html", id=row["Id"], name=row["Name"], stage=row["StageName"], at=row["SystemModstamp"]
        )
