"""The words that rows of this app hold."""

from django.db import models


class WorkState(models.TextChoices):
    """How background work goes that a person waits for. The last two are judged when it is looked at."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "At work"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused"
    GIVEN_UP = "given_up", "Given up"
    BROKE_OFF = "broke_off", "Broke off"
    LOST = "lost", "Lost"


class WorkProblem(models.TextChoices):
    """Why it ended without being done."""

    UNREGISTERED = "unregistered", "The worker knows no such task"
    UNDEFINED = "undefined", "The worker cannot load the task"
    FAULT = "fault", "Fincelo failed"
