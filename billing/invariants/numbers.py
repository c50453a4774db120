"""What must be true of the number series."""

from fincelo.invariants import Invariant

DOCUMENTS = """(
    SELECT id, 'invoice' AS kind, legal_entity_id, year, sequence, number, issue_date, created_at,
        state <> 'void' AS counts
    FROM billing_invoice WHERE state <> 'draft'
    UNION ALL
    SELECT id, 'credit_note', legal_entity_id, year, sequence, number, issue_date, created_at, true
    FROM billing_creditnote WHERE state <> 'draft'
)"""
SERIES = "WINDOW series AS (PARTITION BY kind, legal_entity_id, year ORDER BY sequence, id)"
WORDS = "CASE kind WHEN 'invoice' THEN 'Invoice' ELSE 'Credit note' END"

LOST = """(
    SELECT coalesce(sum(gap.last - gap.first + 1), 0) FROM billing_numbergap gap
    WHERE gap.kind = placed.kind AND gap.legal_entity_id = placed.legal_entity_id AND gap.year = placed.year
      AND gap.first > placed.before AND gap.last < placed.sequence
)"""
"""Numbers that left before a restore and are not stored: an approver has confirmed them."""
IN_ITS_DAY = "issue_date <= ((created_at AT TIME ZONE 'UTC') + interval '14 hours')::date"
"""Not dated ahead of the day on which it was made, in any time zone. One that was closes no day before it."""
TODAY = """
    CASE WHEN EXISTS (
        SELECT 1 FROM contracts_workspace workspace
        JOIN pg_timezone_names zone ON zone.name = workspace.time_zone
    ) OR NOT EXISTS (SELECT 1 FROM contracts_workspace) THEN contracts_business_day() END
"""
"""None where the workspace's time zone is unknown, which another rule tells."""

INVARIANTS = [
    Invariant(
        number="I24",
        name="numbers_have_no_gap",
        sql=f"""
            SELECT placed.id, {WORDS} AS kind, placed.number, placed.year,
                CASE WHEN placed.sequence > placed.before THEN 'follows ' || placed.before
                    ELSE 'repeats ' || placed.before END AS problem
            FROM (
                SELECT id, kind, number, legal_entity_id, year, sequence,
                    coalesce(lag(sequence) OVER series, 0) AS before
                FROM {DOCUMENTS} document {SERIES}
            ) placed
            WHERE placed.sequence <> placed.before + 1 + {LOST}
        """,  # noqa: S608  constants
        sentence=(
            "{kind} {number} {problem} in the series of {year}. Find the missing document in a backup and in "
            "what was sent, and tell whoever keeps the books; never fill the gap with a new document."
        ),
    ),
    Invariant(
        number="I24",
        name="number_says_its_place",
        sql=f"""
            SELECT id, {WORDS} AS kind, number, year, sequence FROM (
                SELECT document.*, count(*) OVER (PARTITION BY kind, legal_entity_id, number) AS times
                FROM {DOCUMENTS} document
            ) document
            WHERE times > 1 OR number NOT LIKE '%-' || year || '-' || lpad(
                sequence::text, greatest(6, length(sequence::text)), '0'
            )
        """,  # noqa: S608  constants
        sentence=(
            "{kind} {number} is number {sequence} of {year}: another one has the same number, or it does not "
            "say its place. Compare it with what was sent, and restore it from a backup."
        ),
    ),
    Invariant(
        number="I24",
        name="series_goes_on_after_the_last_number",
        sql=f"""
            SELECT coalesce(series.id, 0) AS id, CASE last.kind WHEN 'invoice' THEN 'invoices'
                ELSE 'credit notes' END AS kind, last.year, coalesce(series.next_number, 1) AS next,
                last.sequence AS last, last.issue_date, series.last_issue_date
            FROM (
                SELECT kind, legal_entity_id, year, max(sequence) AS sequence,
                    max(issue_date) FILTER (WHERE counts AND {IN_ITS_DAY}) AS issue_date
                FROM {DOCUMENTS} document GROUP BY kind, legal_entity_id, year
                UNION ALL
                SELECT kind, legal_entity_id, year, 0, last_issue_date FROM billing_numberseries series
                WHERE CASE kind
                    WHEN 'invoice' THEN NOT EXISTS (
                        SELECT 1 FROM billing_invoice WHERE legal_entity_id = series.legal_entity_id
                          AND year = series.year AND sequence IS NOT NULL
                    )
                    ELSE NOT EXISTS (
                        SELECT 1 FROM billing_creditnote WHERE legal_entity_id = series.legal_entity_id
                          AND year = series.year AND sequence IS NOT NULL
                    )
                END
            ) last
            LEFT JOIN billing_numberseries series ON series.kind = last.kind
                AND series.legal_entity_id = last.legal_entity_id AND series.year = last.year
            WHERE series.next_number IS DISTINCT FROM 1 + greatest(last.sequence, (
                SELECT max(gap.last) FROM billing_numbergap gap WHERE gap.kind = last.kind
                  AND gap.legal_entity_id = last.legal_entity_id AND gap.year = last.year
            ))
               OR series.last_issue_date < last.issue_date
        """,  # noqa: S608  constants
        sentence=(
            "The series of {kind} of {year} continues with {next}, and the last document is number {last} of "
            "{issue_date}. Stop billing, find out what was issued or deleted past Fincelo, and set the "
            "series right."
        ),
    ),
    Invariant(
        number="I25",
        name="issue_dates_never_fall",
        sql=f"""
            SELECT placed.id, {WORDS} AS kind, placed.number, placed.year, placed.issue_date, placed.before
            FROM (
                SELECT id, kind, number, year, issue_date, lag(issue_date) OVER series AS before
                FROM {DOCUMENTS} document WHERE counts AND {IN_ITS_DAY} {SERIES}
            ) placed
            WHERE placed.issue_date < placed.before OR extract(year FROM placed.issue_date) <> placed.year
        """,  # noqa: S608  constants
        sentence=(
            "{kind} {number} of the series of {year} is dated {issue_date}, and the one before it {before}. "
            "Compare it with what was sent, and restore it from a backup."
        ),
    ),
    Invariant(
        number="I25",
        name="no_issue_date_after_the_databases_day",
        sql=f"""
            SELECT document.id, {WORDS} AS kind, document.number, document.issue_date, day.today
            FROM {DOCUMENTS} document, (SELECT {TODAY} AS today OFFSET 0) day
            WHERE document.counts AND document.issue_date > day.today
        """,  # noqa: S608  constants
        sentence=(
            "{kind} {number} is dated {issue_date}, and today is {today} by the database's clock. Void an "
            "invoice that has not been sent; otherwise agree with whoever keeps the books, and credit it "
            "from its day on."
        ),
    ),
    Invariant(
        number="I25",
        name="no_credit_note_before_its_invoice",
        sql="""
            SELECT note.id, note.number, note.issue_date, invoice.number AS invoice,
                invoice.issue_date AS invoice_date
            FROM billing_creditnote note JOIN billing_invoice invoice ON invoice.id = note.invoice_id
            WHERE note.state <> 'draft' AND note.issue_date < invoice.issue_date
        """,
        sentence=(
            "Credit note {number} is dated {issue_date}, before its invoice {invoice} of {invoice_date}. "
            "Tell whoever keeps the books: both documents stay as they were sent."
        ),
    ),
]
