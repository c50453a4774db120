"""Secrets, in tables of their own."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from crm_sync.enums import GrantPurpose
from crm_sync.fields import SealedModel, SecretField
from crm_sync.models.connections import Connection


class ConnectionCredentials(SealedModel):
    """The secrets of one connection. Never joined, and read in connections/credentials.py alone."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="credentials"
    )
    client_secret = SecretField(blank=True, null=True, editable=False)
    access_token = SecretField(blank=True, null=True, editable=False)
    refresh_token = SecretField(blank=True, null=True, editable=False)
    given_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Of the refresh token that came in a file.",
    )
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "connection credentials"

    def __str__(self) -> str:
        return f"Credentials of connection {self.connection_id}"


class TokenRenewal(models.Model):
    """A renewal of a connection's access that has begun. It goes with the commit of what came of it.

    One that is still there while nobody is at it was interrupted: the stored refresh token may be dead.
    """

    connection = models.OneToOneField(Connection, on_delete=models.CASCADE, primary_key=True)
    began_at = models.DateTimeField(db_default=Now(), editable=False)
    retried = models.BooleanField(default=False, help_text="The old token was shown once more since.")

    def __str__(self) -> str:
        return f"Renewal of connection {self.connection_id}"


class LooseGrant(SealedModel):
    """A grant of access that no connection uses: one that waits to be adopted, or one to be revoked."""

    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="loose_grants"
    )
    provider = models.CharField(max_length=40)
    purpose = models.CharField(
        max_length=5,
        choices=GrantPurpose.choices,
        default=GrantPurpose.WAITS,
        db_default=GrantPurpose.WAITS.value,
    )
    given_digest = models.CharField(
        max_length=64, blank=True, default="", help_text="Of the refresh token that it came of, from a file."
    )
    login_url = models.CharField(max_length=200)
    client_id = models.CharField(max_length=300, blank=True)
    client_secret = SecretField(editable=False, null=True)
    access_token = SecretField(editable=False, null=True)
    refresh_token = SecretField(editable=False, null=True)
    instance_url = models.CharField(max_length=200, blank=True)
    org_id = models.CharField(max_length=40, blank=True)
    is_signed = models.BooleanField(default=True)
    renewal_began_at = models.DateTimeField(null=True)
    renewal_retried = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField(
        db_default=Now(),
        help_text="When it is revoked unless a connect goes on with it, or when revoking is tried again.",
    )
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often revoking it has failed."
    )

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="loose_grant_by_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["given_digest"],
                condition=~models.Q(given_digest=""),
                name="one_loose_grant_per_given_token",
            )
        ]

    def __str__(self) -> str:
        return f"Grant {self.pk} of no connection"


class KeyCanary(SealedModel):
    """One known text, encrypted with the first key: whether the keys of a process fit this database."""

    ONLY = 1
    TEXT = "Fincelo can read this."
    text = SecretField(editable=False)

    def __str__(self) -> str:
        return "Canary of the keys"


class Authorisation(SealedModel):
    """An authorisation that was started and has not come back yet.

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
