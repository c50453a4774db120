"""Nobody adds, edits or repeats tasks over HTTP: a task row can name any function."""

import django_q.admin  # noqa: F401  registers what is taken back here
from django.contrib import admin
from django_q.models import Failure, OrmQ, Schedule, Success

for model in (Schedule, OrmQ, Success, Failure):
    if admin.site.is_registered(model):  # OrmQ only is with the ORM broker
        admin.site.unregister(model)
