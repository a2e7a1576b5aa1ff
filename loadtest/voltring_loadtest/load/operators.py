"""Operators at the REST API: commands at a rate, answered or not, each timed and counted."""

import time
from typing import Any
from urllib.parse import quote

import gevent
import gevent.pool
from locust import FastHttpUser, User, task

from voltring_loadtest.load.course import Course, Stage
from voltring_loadtest.load.ledger import Ledger
from voltring_loadtest.load.orders import Order, fault, order
from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.trial import Trial

WAIT = 10
"""Seconds that the API waits for a charger's answer."""
MOST_OPEN = 200
LOOK = 0.2


def operators_user(trial: Trial, course: Course, recorder: Recorder, ledger: Ledger) -> type[User]:
    """The class of the one User that sends commands."""

    class Operators(FastHttpUser):
        """All operators together."""

        host = trial.api
        fixed_count = 1
        concurrency = MOST_OPEN
        connection_timeout = network_timeout = WAIT + 10.0

        @task
        def command(self) -> None:
            while course.stage is not Stage.MEASURING:
                gevent.sleep(LOOK)
            began, sent = time.perf_counter(), 0
            pool = gevent.pool.Pool(MOST_OPEN)
            while course.stage is Stage.MEASURING:
                # What is due by the clock: a slow answer delays no other command.
                due = int((time.perf_counter() - began) * trial.command_rate)
                while sent < due:
                    pool.spawn(self._send, order(trial, sent))
                    sent += 1
                gevent.sleep(1 / max(trial.command_rate, 20.0))
            pool.join(WAIT + 5)
            gevent.sleep(3600)

        def _send(self, wanted: Order) -> None:
            began = time.perf_counter()
            headers = {"Authorization": f"Bearer {trial.api_token}", "Prefer": f"wait={WAIT}"}
            url, name = f"{trial.api}/v1/chargers/{quote(wanted.charger, safe='')}{wanted.path}", wanted.action
            with self.client.post(url, json=wanted.body, headers=headers, name=name, catch_response=True) as answer:
                took = 1000 * (time.perf_counter() - began)
                state = _state(answer)
                wrong = fault(answer.status_code, state, wanted.action)
                if wrong is not None:
                    answer.failure(wrong)
                else:
                    answer.success()
            if answer.status_code == 409:
                return
            recorder.command(name, took, wrong, time.time())
            if answer.status_code in (200, 201, 202):
                ledger.sent(wanted.charger, wanted.action, answered=wrong is None)

    return Operators


def _state(answer: Any) -> Any:
    try:
        return answer.json().get("state")
    except (ValueError, AttributeError, TypeError):
        return None
