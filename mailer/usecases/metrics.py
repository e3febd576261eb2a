"""Figures for Prometheus: of mailings, deliveries, senders and leaving, with nothing of any person."""

import os
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from mailer.delivery.ledger import Gauges, read_gauges
from mailer.delivery.model import DeliveryStatus, MailingState
from mailer.errors import MailerError, explain_os_error
from mailer.subscribers.people.counting import count_leaves
from mailer.usecases.needs import WatchServices
from mailer.usecases.shared_answer import SharedAnswer

KEPT_SECONDS = 10
ANSWER_SECONDS = 8
"""The time in which figures are given; Prometheus itself waits 10 seconds unless told."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def compose_metrics(services: WatchServices) -> str:
    """Return the figures of this moment in the text format of Prometheus, 0.0.4."""
    with closing(services.database.with_patience(ANSWER_SECONDS)) as database, database.reading() as connection:
        gauges, leaves = read_gauges(connection, now=services.clock()), count_leaves(connection)
    registry = CollectorRegistry()
    registry.register(_Figures([*_of_sending(gauges), *_of_mailings(gauges), _of_leaving(leaves)]))
    return generate_latest(registry).decode()


class KeptMetrics:
    """The figures, read at most every ten seconds however many ask for them."""

    def __init__(self, services: WatchServices) -> None:
        self._answer = SharedAnswer(lambda: compose_metrics(services), kept_seconds=KEPT_SECONDS)

    def read(self) -> str | None:
        """Return the text; None when the database gives no answer."""
        try:
            return self._answer.ask().result(ANSWER_SECONDS)
        except (TimeoutError, MailerError):
            return None


def write_metrics(services: WatchServices, file: Path) -> None:
    """Write the figures into a file that everybody may read: a reader sees all of the old ones, or of the new.

    Raises `MailerError`.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")  # node_exporter reads no file without `.prom` at its end
    try:
        unfinished.write_text(compose_metrics(services), encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise explain_os_error(OSError(error.errno, error.strerror, str(file))) from error


class _Figures(Collector):
    def __init__(self, figures: list[Metric]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield from self._figures


def _of_sending(gauges: Gauges) -> Iterator[Metric]:
    yield InfoMetricFamily("mailer", "The version of mailer.", {"version": version("helsefellesskap-mailer")})
    alive, age = gauges.senders
    yield GaugeMetricFamily("mailer_senders_alive", "Senders that have shown within a minute that they live.", alive)
    beats = GaugeMetricFamily(
        "mailer_sender_heartbeat_age_seconds", "Age of the oldest heartbeat; no sender that has not ended, no value."
    )
    if age is not None:
        beats.add_metric([], age.total_seconds())
    yield beats
    waited = gauges.oldest_queued.total_seconds()
    yield GaugeMetricFamily("mailer_oldest_queued_seconds", "How long the oldest queued delivery waits.", waited)
    yield GaugeMetricFamily("mailer_in_doubt", "Deliveries in doubt, of all mailings.", gauges.in_doubt)


def _of_mailings(gauges: Gauges) -> Iterator[Metric]:
    about = GaugeMetricFamily("mailer_mailing_info", "The issue of a mailing.", labels=["mailing", "slug"])
    states = GaugeMetricFamily("mailer_mailing_state", "1 for the state of a mailing.", labels=["mailing", "state"])
    deliveries = GaugeMetricFamily("mailer_deliveries", "Deliveries of a mailing.", labels=["mailing", "state"])
    for each in gauges.mailings:
        about.add_metric([str(each.id), each.slug], 1)
        for state in MailingState:
            states.add_metric([str(each.id), state], each.state is state)
        for status in DeliveryStatus:
            deliveries.add_metric([str(each.id), status], each.by_status.get(status, 0))
    yield from (about, states, deliveries)


def _of_leaving(leaves: dict[str, int]) -> Metric:
    """Return a gauge: it shrinks when somebody is erased, which no counter may."""
    left = GaugeMetricFamily("mailer_unsubscribes", "Subscriptions that were left, by the way.", labels=["way"])
    for way, number in leaves.items():
        left.add_metric([way], number)
    return left
