"""The page on which a person changes the org itself: its stages, its limits, who may call."""

from demo.http_server import Request, Response, Router, redirect
from demo.pages import Markup, Templates, join, options
from demo.salesforce.columns import Row
from demo.salesforce.org import Org
from demo.salesforce.refusals import REST_REFUSALS
from demo.salesforce.rest import LIMIT_INFO
from demo.salesforce.shell import refusal, said, salesforce_page

CHANGED = {
    "label": "The label is changed; deals keep the API name.",
    "api_name": "The API name is changed, in every deal as well.",
    "deactivate": "The stage is inactive; deals may still be in it.",
    "activate": "The stage is active.",
    "limits": "Saved.",
}
POLICIES = ("not_for_rest", "not_attached_to_agent", "api_disabled_for_org", "api_disabled_for_user")


class OrgPages:
    def __init__(self, *, org: Org, templates: Templates) -> None:
        self._org = org
        self._templates = templates

    def add_to(self, router: Router) -> None:
        router.add("GET", r"/org", self.shown)
        router.add("POST", r"/org/stages", self.change_stage)
        router.add("POST", r"/org/limits", self.change_limits)

    def shown(self, request: Request) -> Response:
        notice = said(self._templates, CHANGED.get(request.argument("changed"), ""))
        return self._page(notice)

    def change_stage(self, request: Request) -> Response:
        form = request.form()
        stage, name, change = (form.get(key, "") for key in ("stage", "name", "change"))
        names = [row["ApiName"] for row in self._org.records("OpportunityStage")]
        if stage not in names or not name or change not in CHANGED:
            return self._refused("Choose a stage and give it a name.")
        if change == "api_name" and name in names:
            return self._refused("Another stage has this API name.")
        if change == "label":
            self._org.rename_stage(stage, label=name)
        elif change == "api_name":
            self._org.replace_stage(stage, new_name=name)
        else:
            self._org.set_stage_active(stage, active=change == "activate")
        return redirect(f"/org?changed={change}", status=303)

    def change_limits(self, request: Request) -> Response:
        form = request.form()
        try:
            limit, used = int(form.get("api_limit", "")), int(form.get("api_used", ""))
            rows = int(form["query_timeout_rows"]) if form.get("query_timeout_rows") else None
        except ValueError:
            return self._refused("Limits are whole numbers.")
        info, policy = form.get("limit_info_form", ""), form.get("refuse_data_with", "")
        if info not in ("", *LIMIT_INFO) or policy not in ("", *POLICIES):
            return self._refused("Choose from the lists.")
        self._org.api_limit, self._org.api_used, self._org.query_timeout_rows = limit, used, rows
        self._org.limit_info_form, self._org.refuse_data_with = info or None, policy
        return redirect("/org?changed=limits", status=303)

    def _refused(self, text: str) -> Response:
        return self._page(refusal(self._templates, text), status=400)

    def _page(self, notice: Markup, *, status: int = 200) -> Response:
        org = self._org
        messages = [(name, REST_REFUSALS[name][2]) for name in POLICIES]
        content = self._templates.render(
            "org.html",
            notice=notice,
            stages=join(self._stage(row) for row in org.records("OpportunityStage")),
            api_limit=org.api_limit,
            api_used=org.api_used,
            limit_forms=options(
                [("", "absent"), *((name, name) for name in LIMIT_INFO)], selected=org.limit_info_form or ""
            ),
            refusals=options([("", "nothing"), *messages], selected=org.refuse_data_with),
            query_timeout_rows=org.query_timeout_rows,
        )
        return salesforce_page("Org", content, status=status)

    def _stage(self, row: Row) -> Markup:
        kind = "won" if row["IsWon"] else "lost" if row["IsClosed"] else "open"
        switch = "deactivate" if row["IsActive"] else "activate"
        return self._templates.render(
            "stage_row.html",
            api_name=row["ApiName"],
            label=row["MasterLabel"],
            kind=kind if row["IsActive"] else f"{kind}, inactive",
            switch=switch,
            switch_label=switch.capitalize(),
        )
