"""The processes of one lane live and die together.

A cluster of django-q2 is a parent, a sentinel, a pusher, a monitor and its workers, which share locks. One
that is killed while it waits at a lock takes the lock with it, and the cluster freezes. So the death of one
ends all, and the supervisor of `manage.py work` starts the lane again.
"""

import ctypes
import logging
import os
import signal
from typing import Any

from django.conf import settings
from django_q.cluster import Cluster, Sentinel
from django_q.signals import pre_execute

from fincelo import ending

PR_SET_PDEATHSIG = 1
RECYCLED = -2
TIMED_OUT = 0
SECONDS_TO_END = 5
log = logging.getLogger(__name__)


def bind_together(*, supervisor_pid: int | None) -> None:
    """Runs in the parent of a lane before it starts its cluster.

    `supervisor_pid`: the process whose death ends the lane as well; None where nobody supervises it.
    """
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # what ends the group must end nobody else
    if supervisor_pid is not None:
        die_with_parent()
        if os.getppid() != supervisor_pid:  # it died before that
            os._exit(1)
    os.register_at_fork(after_in_child=die_with_parent)
    Sentinel.reincarnate = or_end_the_lane(Sentinel.reincarnate)
    Cluster.sig_handler = draining_first(Cluster.sig_handler)
    pre_execute.connect(note_time_limit)


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends. Only Linux can."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def note_time_limit(**kwargs: Any) -> None:
    """The worker ends this task when its time is up, whatever it is doing."""
    ending.start_of_task(seconds=settings.Q_CLUSTER["timeout"])


def draining_first(stop: Any) -> Any:
    """Tells the tasks at work that the lane was told to stop, before it waits for their end."""

    def handler(cluster: Cluster, number: int, frame: Any) -> None:
        ending.begin_draining()
        stop(cluster, number, frame)

    return handler


def or_end_the_lane(reincarnate: Any) -> Any:
    """Replaces a worker that ended on its own, and ends the lane when a process was killed."""

    def guarded(sentinel: Sentinel, process: Any) -> None:
        if ended_by_itself(sentinel, process):
            reincarnate(sentinel, process)
            return
        log.critical("A process of the lane was killed, or hangs: the lane ends and is started again.")
        os.killpg(os.getpgrp(), signal.SIGKILL)

    return guarded


def ended_by_itself(sentinel: Sentinel, process: Any) -> bool:
    """A worker that was recycled, or that has left its loop after the time limit of a task."""
    if process in (sentinel.monitor, sentinel.pusher):
        return False
    if int(process.timer.value) == RECYCLED:
        return True
    if int(process.timer.value) == TIMED_OUT:
        process.join(SECONDS_TO_END)
        return not process.is_alive()
    return False
