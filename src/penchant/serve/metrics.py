"""What the service counts, for Prometheus.

Several workers count in files of one folder (`PROMETHEUS_MULTIPROC_DIR`, which `penchant serve`
sets), so that whichever of them is asked answers for all.
"""

import os
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
SECONDS: Final = (0.001, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        some: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "penchant_requests", "Calls answered", ("route", "method", "status"), **some
        )
        self._seconds = Histogram(
            "penchant_request_seconds", "Seconds a call took", ("route",), buckets=SECONDS, **some
        )
        self.rows = Counter("penchant_rows", "Rows that came in", ("kind", "result"), **some)
        self.differing = Counter(
            "penchant_rows_differing", "Rows that say something else under a known id", ("kind",),
            **some,
        )  # fmt: skip
        self.recommended = Counter("penchant_recommendations", "Items recommended", **some)
        self.lag = Gauge(
            "penchant_event_lag_seconds",
            "Age of the newest event when it came in",
            multiprocess_mode="mostrecent",
            **some,
        )
        self.lists = Gauge(
            "penchant_lists_waiting",
            "Rows of lists that are not stored yet",
            multiprocess_mode="livesum",
            **some,
        )
        self.lost = Counter("penchant_lists_lost", "Rows of lists that could not be stored", **some)
        self.model = Gauge(
            "penchant_model_info",
            "The model that serves",
            ("version",),
            multiprocess_mode="mostrecent",
            **some,
        )
        self._version: str | None = None

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A call is over."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def serves(self, version: str) -> None:
        """Which model answers now."""
        if self._version not in (None, version):
            self.model.labels(self._version).set(0)
        self._version = version
        self.model.labels(version).set(1)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        if not os.environ.get(FOLDER):
            return generate_latest(self.registry)
        everywhere = CollectorRegistry()
        MultiProcessCollector(everywhere)  # type: ignore[no-untyped-call]
        return generate_latest(everywhere)
