import os
from typing import Any

from django.db import connections
from django_q.management.commands import qcluster

from fincelo.lane_processes import bind_together
from fincelo.lanes import note_sign
from fincelo.management.commands import work
from fincelo.startup import refuse_bad_configuration


class Command(qcluster.Command):
    help = "Runs the lane that Q_CLUSTER_NAME names; without it all lanes, as manage.py work does."

    def handle(self, *args: Any, **options: Any) -> None:
        queue = os.environ.get("Q_CLUSTER_NAME")
        if not queue:
            work.run()
            return
        refuse_bad_configuration()
        supervisor = os.environ.get("WORK_PID")
        bind_together(supervisor_pid=int(supervisor) if supervisor else None)
        note_sign(queue)
        connections.close_all()  # the processes forked from here open their own
        super().handle(*args, **options)
