"""The one Celery task: somebody rang, look at the job table."""

from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu.connection import Connection
from kombu.entity import Queue
from kombu.transport import redis as kombu_redis

from genart_core.jobs.keys import DOORBELL
from genart_core.jobs.queue import TASK, celery_settings
from worker.engine import Engine


def create_celery(redis_url: str, engine: Engine) -> Celery:
    """Return the Celery application whose only task lets `engine` look for work.

    A doorbell is gone once it is heard (`no_ack`). Were it held until its task is through, then an
    ack that fails because Redis is away would for ever count against the one message that a worker
    may hold, and the worker would be deaf (kombu 5.7).
    """
    app = Celery("genart", set_as_current=True, amqp=_Amqp)
    app.conf.update(celery_settings(redis_url))
    queue = Queue(DOORBELL, no_ack=True)  # type: ignore[no-untyped-call]  # kombu is untyped
    app.conf.task_queues = (queue,)

    @app.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery is untyped
    def look() -> None:
        engine.look()

    return app


class _QoS(kombu_redis.QoS):
    """Nothing is held until its ack (`no_ack`), so there is nothing that an ack could let go.

    kombu 5.7 acks such a message all the same, unless it names its consumer, which on Redis it
    doesn't: two commands for each doorbell, and a tag that this process would keep for ever.
    """

    def ack(self, delivery_tag: str) -> None:
        """Do nothing."""


class _Channel(kombu_redis.Channel):
    QoS = _QoS


class _Transport(kombu_redis.Transport):
    Channel = _Channel


class _Connection(Connection):
    """Is back within a second of Redis; kombu's own pauses grow to half a minute."""

    def get_transport_cls(self) -> type[_Transport]:
        return _Transport

    def ensure_connection(self, *args: Any, **options: Any) -> Any:
        soon = {"interval_start": 0.1, "interval_step": 0.3, "interval_max": 1.0}
        return super().ensure_connection(*args, **options, **soon)  # type: ignore[no-untyped-call]


class _Amqp(AMQP):  # type: ignore[misc]  # Celery is untyped
    Connection = _Connection
