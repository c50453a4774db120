"""The encrypted column for credentials, guarded against the ways in which such a column leaks or breaks."""

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    EncryptedTextField = models.TextField[str | None, str | None]
else:
    from fernet_fields import EncryptedTextField

SEPARATOR = "\n"


class SecretMisplaced(Exception):
    """A stored secret was found in a row that it was not written for."""


class BoundSecret(str):
    """A plain text that names the row it belongs to; the only thing a SecretField encrypts."""

    __slots__ = ()


class SecretField(EncryptedTextField):
    """Encrypts on `save()` only, never appears in `dumpdata`, and binds each value to its row.

    The library encrypts the text of whatever it is given, SQL expressions included, so `update()` and
    `bulk_update()` would replace a token by the encrypted words "F(...)". Here they raise TypeError.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> BoundSecret | None:
        value = getattr(model_instance, self.attname)
        if not isinstance(value, str | None):
            raise TypeError(f"{self.name} is a secret: it has to be a plain text")
        return BoundSecret(self.label(model_instance) + SEPARATOR + value) if value else None

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if value is not None and not isinstance(value, BoundSecret):
            raise TypeError(f"{self.name} is a secret: set it on the object and call save()")
        return super().get_db_prep_save(value, connection)

    def value_to_string(self, obj: models.Model) -> str:
        return ""

    def label(self, row: models.Model) -> str:
        return f"{row._meta.label_lower}:{row.pk}:{self.name}"

    def unbind(self, row: models.Model, stored: str | None) -> str:
        if stored is None:
            return ""
        label, _, value = stored.partition(SEPARATOR)
        if label != self.label(row):
            raise SecretMisplaced(f"The secret {self.name} was written for another row. Connect again.")
        return value


class SealedModel(models.Model):
    """A model whose SecretFields are checked against their row whenever they are loaded."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any) -> "SealedModel":
        row = super().from_db(db, field_names, values)
        for field in cls._meta.concrete_fields:
            if isinstance(field, SecretField) and field.attname in row.__dict__:
                row.__dict__[field.attname] = field.unbind(row, row.__dict__[field.attname])
        return row
