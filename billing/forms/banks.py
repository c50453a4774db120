"""What people fill in to have a file of payments read."""

from typing import Any

from django import forms

from billing.receivables.bank_files import QuestionCode
from billing.receivables.payment_rows import ReadFile
from billing.values import Choice, DayOrder, DecimalMark, Role
from contracts.currencies import is_known

ACCOUNT_CURRENCY = "account_currency"
"""Not to be taken for the column that names the currency of each row."""
NOT_CHOSEN = ("", "Choose one")
NO_COLUMN = ("", "In no column")
ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("cp1252", "Windows-1252 (Western Europe)"),
    ("iso-8859-15", "ISO-8859-15"),
    ("utf-16", "UTF-16"),
    ("mac-roman", "Mac Roman"),
    ("cp1250", "Windows-1250 (Central Europe)"),
    ("cp1251", "Windows-1251 (Cyrillic)"),
    ("cp1253", "Windows-1253 (Greek)"),
    ("cp1254", "Windows-1254 (Turkish)"),
    ("cp1255", "Windows-1255 (Hebrew)"),
    ("cp1256", "Windows-1256 (Arabic)"),
    ("cp932", "Shift JIS (Japanese)"),
    ("gb18030", "GB 18030 (Chinese)"),
    ("cp949", "EUC-KR (Korean)"),
)
COLUMN_LABELS = {
    Role.INVOICE: "Invoice number",
    Role.REFERENCE: "Text of the payment",
    Role.AMOUNT: "Amount",
    Role.CREDIT: "Money in, in a column of its own",
    Role.DEBIT: "Money out, in a column of its own",
    Role.CURRENCY: "Currency of each row",
    Role.DATE: "Day of payment",
}


class PaymentFileForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="From your bank or a spreadsheet. How a bank writes its files is chosen once and kept.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )


class ReadingForm(forms.Form):
    """How one bank writes its files. What the file says itself is filled in; what it leaves open is not."""

    name = forms.CharField(label="Bank", max_length=100, help_text="Kept for the next file of this kind.")
    encoding = forms.ChoiceField(label="Letters are written in", choices=ENCODINGS)

    def __init__(self, data: Any = None, *, read: ReadFile, name: str = "") -> None:
        asked = {question.code for question in read.questions}
        open_roles = {question.role for question in read.questions if question.code == QuestionCode.COLUMN}
        kept = read.choice
        encoding = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}.get(
            read.table.encoding, read.table.encoding
        )
        initial: dict[str, Any] = {"encoding": encoding, ACCOUNT_CURRENCY: kept.currency}
        initial |= {str(role): head for role, head in kept.columns.items() if role not in open_roles}
        if kept.decimal_mark and QuestionCode.DECIMAL_MARK not in asked:
            initial["decimal_mark"] = kept.decimal_mark.value
        if kept.day_order and QuestionCode.DAY_ORDER not in asked:
            initial["day_order"] = kept.day_order.value
        super().__init__(data, initial=initial | {"name": name})
        heads = [(head, head) for head in dict.fromkeys(read.table.header) if head]
        for role, label in COLUMN_LABELS.items():
            self.fields[str(role)] = forms.ChoiceField(
                label=label, choices=[NO_COLUMN, *heads], required=False
            )
        self.fields["decimal_mark"] = forms.ChoiceField(
            label="Numbers are written",
            choices=[
                NOT_CHOSEN,
                (DecimalMark.POINT.value, "1,234.50"),
                (DecimalMark.COMMA.value, "1.234,50"),
            ],
        )
        self.fields["day_order"] = forms.ChoiceField(
            label="Days are written",
            choices=[
                NOT_CHOSEN,
                (DayOrder.DAY_FIRST.value, "Day first: 30.11.2026, 30/11/2026 or 2026-11-30"),
                (DayOrder.MONTH_FIRST.value, "Month first: 11/30/2026 or 2026-11-30"),
            ],
        )
        self.fields[ACCOUNT_CURRENCY] = forms.CharField(
            label="Currency of the account",
            required=False,
            max_length=3,
            help_text="For rows that name none, as EUR. What a row names itself counts first.",
        )

    def clean_account_currency(self) -> str:
        code = str(self.cleaned_data[ACCOUNT_CURRENCY]).upper()
        if code and not is_known(currency=code):
            raise forms.ValidationError(f"{code} is no currency in use. Enter a code like EUR.")
        return code

    @property
    def choice(self) -> Choice:
        data = self.cleaned_data
        return Choice(
            encoding=data["encoding"],
            columns={role: data[str(role)] for role in COLUMN_LABELS},
            decimal_mark=DecimalMark(data["decimal_mark"]),
            day_order=DayOrder(data["day_order"]),
            currency=data[ACCOUNT_CURRENCY],
        )
