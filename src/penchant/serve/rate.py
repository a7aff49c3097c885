"""How often a key may call: a bucket that fills at a rate, from which every call takes one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Bucket:
    """One key's bucket.

    >>> now = [0.0]
    >>> bucket = Bucket(rate=2.0, size=1.0, clock=lambda: now[0])
    >>> bucket.take(), bucket.take()
    (0.0, 0.5)
    """

    rate: float
    size: float
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.size, self.clock()

    def take(self) -> float:
        """Take one: 0, or in how many seconds there will be one."""
        now = self.clock()
        self._left = min(self.size, self._left + (now - self._at) * self.rate)
        self._at = now
        if self._left < 1.0:
            return (1.0 - self._left) / self.rate
        self._left -= 1.0
        return 0.0
