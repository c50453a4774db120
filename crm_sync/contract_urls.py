from django.urls import path

from crm_sync.views.contract import contract

urlpatterns = [
    path("contracts/<int:pk>/", contract, name="contract"),
]
