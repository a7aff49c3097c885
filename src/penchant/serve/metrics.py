"""What the service counts, for Prometheus.

Several workers count in files of one folder (`PROMETHEUS_MULTIPROC_DIR`, which `penchant serve`
sets), so that whichever of them is asked answers for all. What a worker holds goes when the worker
goes, also where it was killed; what it did stays counted.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

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
            multiprocess_mode="livemostrecent",
            **some,
        )
        self.waiting = Gauge(
            "penchant_events_waiting",
            "Events that cannot count yet: of items that are not there, or of times to come",
            multiprocess_mode="livemostrecent",
            **some,
        )
        self.fallback = Gauge(
            "penchant_model_fallback",
            "1 while another version serves than the one that was promoted last, which is broken",
            multiprocess_mode="livemax",
            **some,
        )
        self._version: str | None = None

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A call is over."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def serves(self, version: str, fallback: bool = False) -> None:
        """Which model answers now, and whether in place of one that is broken."""
        if self._version not in (None, version):
            self.model.labels(self._version).set(0)
        self._version = version
        self.model.labels(version).set(1)
        self.fallback.set(float(fallback))

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        folder = os.environ.get(FOLDER)
        if not folder:
            return generate_latest(self.registry)
        _leave_out_the_dead(folder)
        everywhere = CollectorRegistry()
        MultiProcessCollector(everywhere)  # type: ignore[no-untyped-call]
        return generate_latest(everywhere)


def _leave_out_the_dead(folder: str) -> None:
    """Remove what workers held that are no more."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in Path(folder).glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)  # which only asks
        except (ProcessLookupError, PermissionError):  # what is not ours is no worker either
            with suppress(FileNotFoundError):  # another worker was asked too
                mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
