"""Secrets, in tables of their own."""

from django.conf import settings
from django.db import models

from crm_sync.fields import SealedModel, SecretField
from crm_sync.models.connections import Connection


class ConnectionCredentials(SealedModel):
    """The secrets of one connection. Never joined to anything: read by crm_sync/credentials.py alone."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="credentials"
    )
    client_secret = SecretField(blank=True, null=True, editable=False)
    access_token = SecretField(blank=True, null=True, editable=False)
    refresh_token = SecretField(blank=True, null=True, editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "connection credentials"

    def __str__(self) -> str:
        return f"Credentials of connection {self.connection_id}"


class KeyCanary(SealedModel):
    """One known text, encrypted with the first key: whether the keys of a process fit this database."""

    ONLY = 1
    TEXT = "Fincelo can read this."
    text = SecretField(editable=False)

    def __str__(self) -> str:
        return "Canary of the keys"


class Authorisation(SealedModel):
    """A Salesforce authorisation that was started and has not come back yet.

    It holds the app's details: those of a connection at work are replaced only by a grant that was accepted.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    session_digest = models.CharField(max_length=64)
    state_digest = models.CharField(max_length=64, unique=True)
    verifier = SecretField(editable=False, null=True)
    client_secret = SecretField(editable=False, null=True)
    login_url = models.CharField(max_length=200)
    client_id = models.CharField(max_length=300)
    redirect_uri = models.CharField(max_length=300)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Authorisation of {self.connection}"
