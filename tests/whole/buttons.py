"""Finds every button of every page that a person reaches by links, and presses each once.

A button is named by page, target and label, with numbers in addresses left out: "/holds/N/ > /holds/N/dismiss/ >
Dismiss this deal". What ends something for good is pressed last.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TooSlow

from tests.whole.people import WAITS, People, visit

MOST_OF_A_KIND = 4
"""Pages of one kind that are looked at: they differ in state, and so in their buttons."""
LEAVES = re.compile(r"^/(admin|logout|api|static)/|/csv/|\.pdf|\.csv|/file/|/healthz")
ENDS = re.compile(
    r"disconnect|remove|delete|dismiss|reject|void|terminate|pause|take back|withdraw|cancel|hold back|already|"
    r"sign out|bounced|go back to|undo|keep",
    re.I,
)
SEEN_BUTTONS = """
() => [...document.querySelectorAll('main form, header form, nav form')].flatMap((form, place) =>
    [...form.querySelectorAll('button:not([type=button]), input[type=submit]')].map((button, at) => ({
        form: [...document.forms].indexOf(form), at,
        method: (button.formMethod || form.method || 'get').toLowerCase(),
        target: new URL(button.hasAttribute('formaction') ? button.formAction : form.action, location.href).pathname,
        label: (button.innerText || button.textContent || button.value || '').replace(/\\s+/g, ' ').trim(),
    })))
"""
SEEN_LINKS = """
() => [...document.querySelectorAll('a[href]')]
    .map(link => new URL(link.href, location.href))
    .filter(url => url.origin === location.origin)
    .map(url => url.pathname + url.search)
"""
FILL = """
([place, values]) => {
    const form = document.forms[place];
    const given = new Set();
    for (const field of form.elements) {
        const name = field.name;
        if (!name || field.type === 'hidden' || field.disabled || field.readOnly || field.type === 'file') continue;
        const known = Object.entries(values).find(([part]) => name === part || name.endsWith('-' + part));
        if (field.type === 'radio') {
            if (!given.has(name) && ![...form.elements].some(one => one.name === name && one.checked)) field.checked = true;
            given.add(name);
        } else if (field.type === 'checkbox') {
            if (known) field.checked = Boolean(known[1]);
            else if (field.required) field.checked = true;
        } else if (field.tagName === 'SELECT') {
            if (!field.value) {
                const option = [...field.options].find(one => one.value && !one.disabled);
                if (option && (field.required || known)) field.value = option.value;
            }
        } else if (!field.value) {
            if (known) field.value = known[1];
            else if (field.required) {
                field.value = field.type === 'date' ? values.today : field.type === 'number' ? (field.min || '1')
                    : field.type === 'email' ? 'billing@example.com' : field.type === 'url' ? 'https://example.com/'
                    : 'Tried';
            }
        }
        field.dispatchEvent(new Event('change', {bubbles: true}));
    }
}
"""
PRESS = "([place, at]) => document.forms[place].querySelectorAll('button:not([type=button]), input[type=submit]')[at].click()"
PRESS_THE_REST = """
() => document.querySelectorAll('button[type=button]:not([hidden])').forEach(button => button.click())
"""
VALUES: dict[str, Any] = {
    "reason": "Tried by the test of the whole",
    "today": date.today().isoformat(),
    "amount": "1.00",
    "received_date": date.today().isoformat(),
    "billing_email": "billing@example.com",
    "select": True,
    "chosen": True,
    "deal": "Acme",
}


def kind(path: str) -> str:
    """An address without its numbers."""
    return re.sub(r"(?<=/)\d+(?=/|$)", "N", urlsplit(path).path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    page: str
    target: str
    label: str
    method: str

    def __str__(self) -> str:
        return f"{self.page} > {self.method} {self.target} > {self.label}"


@dataclass(slots=True, kw_only=True)
class Tour:
    """One walk of one person through all pages they reach."""

    people: People
    name: str
    pressed: dict[Button, str]
    """Every button pressed so far, by whom; shared by all tours."""
    ends_things: bool
    """Whether buttons that end something are pressed as well."""
    seen: set[Button]
    """Every button found so far; shared as well."""
    kinds: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)

    def walk(self, start: str = "/") -> None:
        queue, known = [(start, start)], {start}
        while queue:
            path, found_on = queue.pop(0)
            if self.kinds[kind(path)] >= MOST_OF_A_KIND:
                continue
            self.kinds[kind(path)] += 1
            page = self.look(path)
            if page is None:
                self.note_dead_link(path, found_on=found_on)
                continue
            for link in page.evaluate(SEEN_LINKS):
                address = link if kind(link) != kind(path) else urlsplit(link).path
                if address not in known and not LEAVES.search(address):
                    known.add(address)
                    queue.append((address, path))
            self.press_all(page, path)
            if self.kinds[kind(path)] == 1:
                page.evaluate(PRESS_THE_REST)  # what opens, closes or copies, without a form

    def look(self, path: str) -> Page | None:
        page = self.people.page(self.name)
        answer = visit(page, f"{self.people.product.demo.web}{path}")
        return page if answer is not None and answer.ok else None

    def note_dead_link(self, path: str, *, found_on: str) -> None:
        """A page may have gone since its link was found, by a button pressed in between; then the link is gone too."""
        page = self.look(found_on)
        if page is not None and path in page.evaluate(SEEN_LINKS):
            self.trouble.append(f"{self.name} follows a link on {found_on} to {path}, which does not answer")

    def press_all(self, page: Page, path: str) -> None:
        """Presses what was not pressed yet; the page may have changed after each press, so it is read again."""
        while found := self.next_button(page, path):
            button, place = found
            self.pressed[button] = self.name
            self.press(page, button, place)
            if self.look(path) is None:
                return

    def next_button(self, page: Page, path: str) -> tuple[Button, tuple[int, int]] | None:
        for one in page.evaluate(SEEN_BUTTONS):
            button = Button(
                page=kind(path), target=kind(one["target"]), label=named(one["label"]), method=one["method"]
            )
            if LEAVES.search(one["target"]):
                continue
            if ENDS.search(button.label) and not self.ends_things:
                continue  # a later tour sees it, unless another one has ended it by then
            self.seen.add(button)
            if button in self.pressed:
                continue
            return button, (one["form"], one["at"])
        return None

    def press(self, page: Page, button: Button, place: tuple[int, int]) -> None:
        page.evaluate(FILL, [place[0], VALUES])
        for file in page.locator(f"form >> nth={place[0]} >> input[type=file]").all():
            file.set_input_files(files=[payments_file()])
        statuses: list[int] = []
        listener = lambda answer: statuses.append(answer.status)  # noqa: E731
        page.on("response", listener)
        page.evaluate(PRESS, list(place))
        try:
            page.wait_for_load_state("load")
            page.wait_for_timeout(150)
            page.wait_for_load_state("load")
            page.wait_for_function(f"() => !document.querySelector(`{WAITS}`)", timeout=180_000)
        except TooSlow:
            self.trouble.append(f"{self.name} waits for ever after {button}")
        page.remove_listener("response", listener)
        if bad := [status for status in statuses if status >= 400]:
            self.trouble.append(f"{self.name} pressed {button}: {bad}")


def named(label: str) -> str:
    """A label without the names and numbers of one record."""
    return re.sub(r"\d[\d,.]*", "N", label.partition(":")[0])


def payments_file() -> Any:
    return {"name": "payments.csv", "mimeType": "text/csv", "buffer": b"invoice,amount,currency,date\n"}


def written(buttons: set[Button]) -> list[str]:
    return sorted(str(button) for button in buttons)
