from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of a background process. The health page reads it."""

    process = models.CharField(max_length=40, unique=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.process} at {self.beat_at:%Y-%m-%d %H:%M:%S}"
