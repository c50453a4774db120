from django.urls import path

from billing import views

urlpatterns = [
    path("contracts/", views.contract_list, name="contracts"),
    path("contracts/<int:pk>/catch-up/all/", views.bill_all_missed, name="contract-bill-all"),
    path("contracts/<int:pk>/catch-up/elsewhere/", views.billed_elsewhere, name="contract-billed-elsewhere"),
    path("contracts/<int:pk>/resume/", views.resume_contract, name="contract-resume"),
    path("customers/<int:pk>/", views.customer, name="customer"),
    path("invoices/", views.invoice_list, name="invoices"),
    path("invoices/<int:pk>/", views.invoice, name="invoice"),
]
