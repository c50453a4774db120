from django.urls import path

from crm_sync.views import (
    connecting,
    connection_page,
    connections,
    contract,
    field_mapping,
    history,
    holds,
    home,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("settings/crm/", connections.connection_list, name="connections"),
    path("settings/crm/add/<slug:provider>/", connecting.add_connection, name="connection-add"),
    path("settings/crm/<int:pk>/", connection_page.connection_page, name="connection"),
    path("settings/crm/<int:pk>/settings/", connections.change_settings, name="connection-settings"),
    path("settings/crm/<int:pk>/authorise/", connecting.authorise, name="connection-authorise"),
    path("settings/crm/<int:pk>/token/", connecting.paste_token, name="connection-token"),
    path("settings/crm/<int:pk>/preflight/", connections.check_access, name="connection-preflight"),
    path("settings/crm/<int:pk>/schema/", connections.read_schema, name="connection-schema"),
    path("settings/crm/<int:pk>/sync/", connections.sync_now, name="connection-sync"),
    path("settings/crm/<int:pk>/disconnect/", connections.disconnect, name="connection-disconnect"),
    path("settings/crm/<int:pk>/remove/", connections.remove_unfinished, name="connection-remove"),
    path("api/crm/salesforce/callback", connecting.salesforce_callback, name="salesforce-callback"),
    path("settings/mapping/", field_mapping.choose_connection, name="field-mapping"),
    path("settings/mapping/<int:pk>/", field_mapping.field_mapping, name="field-mapping"),
    path("history/", history.run_list, name="sync-history"),
    path("history/<int:pk>/", history.run_page, name="sync-run"),
    path("history/<int:pk>/progress/", history.run_progress, name="sync-run-progress"),
    path("contracts/<int:pk>/", contract.contract, name="contract"),
    path("holds/", holds.hold_list, name="holds"),
    path("holds/<int:pk>/", holds.hold_page, name="hold"),
    path("holds/<int:pk>/dismiss/", holds.dismiss_hold, name="hold-dismiss"),
    path("holds/<int:pk>/accept/", holds.accept_duplicate, name="hold-accept"),
    path("holds/<int:pk>/replay/", holds.replay_hold, name="hold-replay"),
]
