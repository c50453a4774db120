"""Pages for people: look through the deals, edit one, close it won, and see what to type into the product."""

from datetime import timedelta
from urllib.parse import urlencode

from demo.http_server import Request, Response, Router, json_response, redirect
from demo.pages import Markup, Templates, join, options, pager
from demo.salesforce.answers import host_url
from demo.salesforce.columns import Row
from demo.salesforce.deal_form import DealForm, UnableToReadForm, shown
from demo.salesforce.defaults import ADMIN_EMAIL, DEMO_PASSWORD
from demo.salesforce.org import Org
from demo.salesforce.shell import refusal, said, salesforce_page

PAGE_SIZE = 50
OPEN_DEALS = "open"


class Browse:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates
        self._form = DealForm(org=org, templates=templates)

    def add_to(self, router: Router) -> None:
        deal = r"/deals/(?P<deal_id>006\w{15})"
        router.add("GET", r"/", self.deals)
        router.add("GET", r"/deals/new", self.new_deal)
        router.add("POST", r"/deals/new", self.create)
        router.add("GET", deal, self.deal)
        router.add("POST", deal, self.change)
        router.add("POST", rf"{deal}/close-won", self.close_won)
        router.add(
            "GET", r"(?:/lightning/r/Opportunity)?/(?P<deal_id>006\w{12,15})(?:/view)?", self.from_link
        )
        router.add("GET", r"/setup", self.set_up)
        router.add("GET", r"/demo/credentials", self.credentials)

    def deals(self, request: Request) -> Response:
        """Open deals first, the newest of each group at the top."""
        search, stage = request.argument("q"), request.argument("stage")
        found = [row for row in self._org.records("Opportunity") if self._matches(row, search, stage)]
        found.sort(key=lambda row: (not row["IsClosed"], str(row["Id"])), reverse=True)
        page_count = max(1, -(-len(found) // PAGE_SIZE))
        asked = request.argument("page", "1")
        number = min(max(1, int(asked) if asked.isdecimal() else 1), page_count)
        address = f"/?{urlencode({'q': search, 'stage': stage, 'page': ''})}"
        on_page = found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        content = self._templates.render(
            "deals.html",
            notice=self._closed_notice(request),
            search=search,
            stages=options(self._stage_filter(), selected=stage),
            count=f"{len(found):,}",
            rows=join(self._row(row, back=f"{address}{number}") for row in on_page),
            pager=pager(page_number=number, page_count=page_count, address=address),
        )
        return salesforce_page("Deals", content)

    def deal(self, request: Request, deal_id: str) -> Response:
        row = self._find(deal_id)
        if row is None:
            return self._no_such_deal()
        notice = self._closed_notice(request) or self._notice("Saved." if request.argument("saved") else "")
        return salesforce_page(str(row["Name"]), self._form.existing(row, notice=notice))

    def change(self, request: Request, deal_id: str) -> Response:
        row = self._find(deal_id)
        if row is None:
            return self._no_such_deal()
        try:
            self._org.edit(deal_id, **self._form.read(request))
        except UnableToReadForm as error:
            return salesforce_page(
                str(row["Name"]), self._form.existing(row, notice=self._refusal(str(error))), status=400
            )
        return redirect(f"/deals/{deal_id}?saved=1", status=303)

    def new_deal(self, request: Request) -> Response:
        return salesforce_page("New deal", self._form.new(self._fresh_deal(), notice=Markup()))

    def create(self, request: Request) -> Response:
        try:
            deal_id = self._org.add("Opportunity", **self._form.read(request))
        except UnableToReadForm as error:
            form = self._form.new(self._fresh_deal(), notice=self._refusal(str(error)))
            return salesforce_page("New deal", form, status=400)
        return redirect(f"/deals/{deal_id}?saved=1", status=303)

    def close_won(self, request: Request, deal_id: str) -> Response:
        if self._find(deal_id) is None:
            return self._no_such_deal()
        self._org.close_won(deal_id)
        back = request.form().get("back", "")
        address = f"{back}&" if back.startswith("/?") else f"/deals/{deal_id}?"
        return redirect(f"{address}closed={deal_id}", status=303)

    def from_link(self, request: Request, deal_id: str) -> Response:
        """The address that other programs link to, with an id of either length."""
        row = self._find(deal_id)
        return redirect(f"/deals/{row['Id']}") if row else self._no_such_deal()

    def set_up(self, request: Request) -> Response:
        app = self._org.app
        content = self._templates.render(
            "setup.html",
            **self._credentials(request),
            callbacks=join(self._templates.render("callback.html", url=url) for url in app.callback_urls),
            scopes=" ".join(app.scopes),
            pkce="required" if app.require_pkce else "optional",
            rotation="on" if app.rotate else "off",
        )
        return salesforce_page("Set up", content)

    def credentials(self, request: Request) -> Response:
        return json_response(self._credentials(request), headers={"Cache-Control": "no-store"})

    def _credentials(self, request: Request) -> dict[str, str]:
        return {
            "consumer_key": self._org.app.consumer_key,
            "consumer_secret": self._org.app.consumer_secret,
            "my_domain": self._org.instance_url or host_url(request),
            "username": ADMIN_EMAIL,
            "password": DEMO_PASSWORD,
        }

    def _fresh_deal(self) -> Row:
        close_date = self._org.now().date() + timedelta(days=30)
        return {
            "StageName": "Prospecting",
            "CloseDate": close_date.isoformat(),
            "OwnerId": self._org.admin_id,
        }

    def _find(self, deal_id: str) -> Row | None:
        try:
            return self._org.record(deal_id)
        except KeyError:
            return None

    def _no_such_deal(self) -> Response:
        return salesforce_page("Not found", self._notice("There is no deal with this id."), status=404)

    def _matches(self, row: Row, search: str, stage: str) -> bool:
        if row["IsDeleted"] or (stage == OPEN_DEALS and row["IsClosed"]):
            return False
        if stage not in ("", OPEN_DEALS) and row["StageName"] != stage:
            return False
        return search.lower() in f"{row['Name']} {self._name_of(row['AccountId'])}".lower()

    def _stage_filter(self) -> list[tuple[str, str]]:
        in_use = sorted({str(row["StageName"]) for row in self._org.records("Opportunity")})
        return [("", "All stages"), (OPEN_DEALS, "Open deals"), *((name, shown(name)) for name in in_use)]

    def _row(self, row: Row, *, back: str) -> Markup:
        amount = row["Amount"]
        button = "" if row["IsClosed"] else self._templates.render("close_won.html", id=row["Id"], back=back)
        return self._templates.render(
            "deal_row.html",
            id=row["Id"],
            name=row["Name"],
            account=self._name_of(row["AccountId"]) or "none",
            amount="none" if amount is None else f"{amount:,.2f} {row['CurrencyIsoCode']}",
            close_date=row["CloseDate"],
            stage=shown(str(row["StageName"])),
            owner=self._name_of(row["OwnerId"]),
            button=button,
        )

    def _name_of(self, record_id: object) -> str:
        return str(self._org.record(str(record_id))["Name"]) if record_id else ""

    def _notice(self, text: str) -> Markup:
        return said(self._templates, text)

    def _refusal(self, text: str) -> Markup:
        return refusal(self._templates, text)

    def _closed_notice(self, request: Request) -> Markup:
        row = self._find(request.argument("closed"))
        return self._notice(f"{row['Name']} is now {row['StageName']}." if row else "")
