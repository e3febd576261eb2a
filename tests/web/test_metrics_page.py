from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from mailer.bootstrap import Services
from mailer.usecases import metrics
from mailer.web.metrics_page import build_metrics_application

AskOf = Callable[[Starlette], Callable[..., httpx.Response]]


def test_figures_of_a_database_that_is_away_are_no_figures(services: Services, ask_of: AskOf, tmp_path: Path) -> None:
    ask = ask_of(build_metrics_application(services))
    services.database.close()
    (tmp_path / "web.sqlite3").write_bytes(b"no database" * 1000)
    said = ask("GET", "/metrics")
    assert (said.status_code, said.text, said.headers["cache-control"]) == (503, "database\n", "no-store")


@pytest.mark.slow
@pytest.mark.postgresql
def test_a_database_that_hangs_is_told_while_prometheus_waits(
    open_services: Callable[[str], AbstractContextManager[Services]],
    ask_of: AskOf,
    postgresql_proxy: tuple[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert metrics.ANSWER_SECONDS < 10, "the time of Prometheus"
    url, proxy = postgresql_proxy
    with open_services(url) as services:
        ask = ask_of(build_metrics_application(services))
        monkeypatch.setattr(metrics, "ANSWER_SECONDS", 1)
        proxy.flows.clear()
        assert ask("GET", "/metrics").status_code == 503
        proxy.flows.set()
