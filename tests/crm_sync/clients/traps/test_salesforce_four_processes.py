"""Salesforce reference 1.7: four processes renew one rotating connection, and one of them is killed."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess

import pytest
from django.db import connections

from contracts.models import Contract
from crm_sync.connections.condition import note_refusal
from crm_sync.connections.credentials import open_client
from crm_sync.enums import RunTrigger
from crm_sync.errors import LeaseHeld, SyncError
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmDeal
from crm_sync.runs import UnableToSync
from crm_sync.sync import sync
from demo.http_server import Request
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import connect_again
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell

FORK = multiprocessing.get_context("fork")
PROCESSES, ROUNDS = 4, 50
LONGEST_ROUND = 30
"""Seconds. A usual one takes a fraction of one."""


@dataclass(slots=True, kw_only=True)
class Presented:
    """Every refresh token that Salesforce was shown, and when."""

    tokens: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        if request.path.endswith("/token") and "refresh_token" in request.form():
            self.tokens.append((time.monotonic(), request.form()["refresh_token"]))

    @property
    def twice(self) -> list[str]:
        return [token for token, times in Counter(token for _, token in self.tokens).items() if times > 1]

    def last_before(self, moment: float) -> str:
        return [token for at, token in self.tokens if at <= moment][-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    process: BaseProcess
    pipe: Pipe


def work(connection_id: int, pipe: Pipe) -> None:
    """In each round: a poll, unless another process is at it, and a look at the stages as a page takes it."""
    while pipe.recv():
        pipe.send(one_round(Connection.objects.get(pk=connection_id)))


def one_round(connection: Connection) -> str:
    try:
        sync(connection=connection, order=Order(trigger=RunTrigger.COMMAND, as_of=TODAY))
    except (LeaseHeld, UnableToSync):
        connection.refresh_from_db()
    if not connection.is_live:
        return connection.state
    client = open_client(connection=connection)
    try:
        client.stages()
    except SyncError as error:
        note_refusal(connection=connection, error=error)
        return str(error)
    finally:
        client.close()
    return "read"


@contextmanager
def at_work(connection: Connection) -> Iterator[list[Worker]]:
    connections.close_all()
    workers = []
    for _ in range(PROCESSES):
        ours, theirs = FORK.Pipe()
        process = FORK.Process(target=work, args=(connection.pk, theirs), daemon=True)
        process.start()
        workers.append(Worker(process=process, pipe=ours))
    try:
        yield workers
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join(10)
            worker.pipe.close()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(180)
def test_trap_4_four_processes_renew_fifty_times_and_one_is_killed(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Connected to the end, unless the process died between Salesforce's answer and our commit."""
    seed = int(os.environ.get("ROTATION_SEED") or random.SystemRandom().randrange(2**32))
    print(f"ROTATION_SEED={seed}")
    chance = random.Random(seed)
    fatal_round, victim = chance.randrange(ROUNDS), chance.randrange(PROCESSES)
    delay = chance.uniform(0, 0.25)
    org.app.rotate = True
    org.grants.refresh_seconds = 0.1
    presented = Presented()
    org.intercept = presented
    told: Counter[str] = Counter()
    killed_at = 0.0

    with at_work(salesforce) as workers:
        for number in range(ROUNDS):
            sell(org, Name=f"Deal {number}", Amount=100 + number)
            org.expire_access_tokens()
            for worker in workers:
                worker.pipe.send(True)
            if number == fatal_round:
                time.sleep(delay)
                dead = workers.pop(victim)
                killed_at = time.monotonic()
                os.kill(dead.process.pid or 0, signal.SIGKILL)
                dead.process.join(10)
                dead.pipe.close()
            for worker in workers:
                assert worker.pipe.poll(LONGEST_ROUND), f"a process hangs, seed {seed}"
                told[worker.pipe.recv()] += 1

    org.expire_access_tokens()
    salesforce.refresh_from_db()
    if presented.twice:
        assert presented.twice == [presented.last_before(killed_at)], f"seed {seed}"
        assert salesforce.state == "broken", f"seed {seed}"
        assert "was interrupted before its answer was stored" in salesforce.state_reason, f"seed {seed}"
        connect_again(org=org, connection=salesforce)
        print("lost between the answer and the commit")
    else:
        assert set(told) == {"read"}, f"seed {seed}: {told}"
        assert len(presented.tokens) == ROUNDS, f"seed {seed}"
    assert run(salesforce).state == "done", f"seed {seed}"
    assert Contract.objects.count() == CrmDeal.objects.count() == ROUNDS, f"seed {seed}"
