from django.urls import path

from contracts import views

urlpatterns = [
    path("customers/", views.customer_list, name="customers"),
    path("understood/", views.understood, name="understood"),
    path("customers/csv/", views.customer_csv, name="customers-csv"),
]
