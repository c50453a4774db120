from django.urls import path

from billing.views import approvals, credit_notes, documents, mails, payments, records, set_up, voiding

urlpatterns = [
    path("contracts/", records.contract_list, name="contracts"),
    path("contracts/<int:pk>/catch-up/all/", records.bill_all_missed, name="contract-bill-all"),
    path(
        "contracts/<int:pk>/catch-up/elsewhere/", records.billed_elsewhere, name="contract-billed-elsewhere"
    ),
    path("contracts/<int:pk>/resume/", records.resume_contract, name="contract-resume"),
    path("customers/<int:pk>/", records.customer, name="customer"),
    path("customers/<int:pk>/billing-terms/", records.change_billing_terms, name="customer-billing-terms"),
    path("customers/<int:pk>/contact/", mails.customer_contact, name="customer-contact"),
    path("invoices/", records.invoice_list, name="invoices"),
    path("invoices/<int:pk>/", records.invoice, name="invoice"),
    path("invoices/<int:pk>/credit/", credit_notes.credit, name="invoice-credit"),
    path("invoices/<int:pk>/payment/", payments.record, name="invoice-payment"),
    path("invoices/<int:pk>/void/", voiding.void, name="invoice-void"),
    path("invoices/<int:pk>/invoice.pdf", documents.invoice_document, name="invoice-document"),
    path("invoices/<int:pk>/send/", mails.send_invoice, name="invoice-send"),
    path("invoices/mail/", mails.mail_list, name="mails"),
    path("invoices/mail/folder/", mails.mail_folder, name="mail-folder"),
    path("invoices/mail/send/", mails.send_all, name="mails-send"),
    path("invoices/mail/<int:pk>/bounced/", mails.bounced, name="mail-bounced"),
    path("approvals/", approvals.approval_queue, name="approvals"),
    path("approvals/review/", approvals.review, name="approvals-review"),
    path("approvals/approve/", approvals.approve, name="approvals-approve"),
    path("approvals/<int:pk>/hold-back/", approvals.hold_back, name="approval-hold-back"),
    path("approvals/parked/<int:pk>/release/", approvals.release, name="parked-release"),
    path("approvals/parked/<int:pk>/ask/", approvals.ask, name="parked-ask"),
    path("settings/billing/", set_up.billing_settings, name="billing-settings"),
    path("settings/billing/limits/", set_up.set_limit, name="limit-set"),
    path("settings/billing/limits/<int:pk>/remove/", set_up.remove_limit, name="limit-remove"),
    path("settings/legal-entity/", set_up.legal_entity, name="legal-entity"),
    path("credit-notes/", credit_notes.credit_note_list, name="credit-notes"),
    path("credit-notes/<int:pk>/", credit_notes.credit_note, name="credit-note"),
    path(
        "credit-notes/<int:pk>/credit-note.pdf", documents.credit_note_document, name="credit-note-document"
    ),
    path("credit-notes/<int:pk>/send/", mails.send_credit_note, name="credit-note-send"),
    path("credit-notes/<int:pk>/approve/", credit_notes.approve, name="credit-note-approve"),
    path("credit-notes/<int:pk>/discard/", credit_notes.discard, name="credit-note-discard"),
    path("payments/", payments.payment_list, name="payments"),
    path("payments/import/", payments.import_file, name="payment-import-file"),
    path("payments/imports/<int:pk>/", payments.payment_import, name="payment-import"),
    path("payments/imports/<int:pk>/unmatched.csv", payments.unmatched_rows, name="payment-import-unmatched"),
    path("payments/<int:pk>/take-back/", payments.take_back, name="payment-take-back"),
    path("settings/invoices/", documents.invoice_settings, name="invoice-settings"),
    path("settings/invoices/letterhead/", documents.save_letterhead, name="letterhead-save"),
    path("settings/invoices/mailing/", documents.save_mailing, name="mailing-save"),
    path("settings/invoices/sample.pdf", documents.sample_document, name="sample-document"),
]
