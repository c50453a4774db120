from django.urls import path

from billing import document_views, mail_views, views

urlpatterns = [
    path("contracts/", views.contract_list, name="contracts"),
    path("contracts/<int:pk>/catch-up/all/", views.bill_all_missed, name="contract-bill-all"),
    path("contracts/<int:pk>/catch-up/elsewhere/", views.billed_elsewhere, name="contract-billed-elsewhere"),
    path("contracts/<int:pk>/resume/", views.resume_contract, name="contract-resume"),
    path("customers/<int:pk>/", views.customer, name="customer"),
    path("invoices/", views.invoice_list, name="invoices"),
    path("invoices/<int:pk>/", views.invoice, name="invoice"),
    path("invoices/<int:pk>/invoice.pdf", document_views.invoice_document, name="invoice-document"),
    path("invoices/<int:pk>/send/", mail_views.send_invoice, name="invoice-send"),
    path("invoices/mail/", mail_views.mail_list, name="mails"),
    path("invoices/mail/folder/", mail_views.mail_folder, name="mail-folder"),
    path("invoices/mail/send/", mail_views.send_all, name="mails-send"),
    path("customers/<int:pk>/contact/", mail_views.customer_contact, name="customer-contact"),
    path("settings/invoices/", document_views.invoice_settings, name="invoice-settings"),
    path("settings/invoices/letterhead/", document_views.save_letterhead, name="letterhead-save"),
    path("settings/invoices/mailing/", document_views.save_mailing, name="mailing-save"),
    path("settings/invoices/sample.pdf", document_views.sample_document, name="sample-document"),
]
