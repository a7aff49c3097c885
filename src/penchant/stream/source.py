"""What a source of messages is: taken in batches, and done with once they are committed.

A message that was handed out and not committed comes again, to this consumer or another. So each
effect must count once however often it comes: a message has an id that stays the same. Only a pipe
cannot be read again; what was read of it is taken in before the end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One message and where it stands.

    id: the same whenever it comes; None where it cannot be known. time: when it was sent, if that
    is known. fault: why its value cannot be used, if the source knows already.
    """

    topic: str
    partition: int
    offset: int
    value: bytes
    id: str | None = None
    time: datetime | None = None
    key: bytes | None = None
    fault: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for people: topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Source(Protocol):
    """Where messages come from."""

    unit: str
    """What lag is counted in: messages or bytes."""
    again: bool
    """Whether what was handed out and not committed comes again."""

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next messages: so many, or fewer when the time is up; those of a partition in order.
        With no time at all only those that were fetched already and cannot come again.

        What was handed out before must be committed by now, or be given up.
        """
        ...

    def hold(self, finish: Callable[[], bool]) -> None:
        """Keep in touch while those handed out are worked on; take in no more.

        When they must be given away, `finish` waits for the work and says whether it is done.
        """
        ...

    def kept(self, messages: Sequence[Message]) -> list[Message]:
        """Those handed out last that are still ours to commit."""
        ...

    def commit(self) -> None:
        """What was handed out last is done with."""
        ...

    @property
    def ended(self) -> bool:
        """Whether all that is there now was handed out."""
        ...

    @property
    def over(self) -> bool:
        """Whether nothing more can ever come."""
        ...

    def lag(self) -> Mapping[str, int]:
        """How much waits behind what was committed, by partition, where it is known."""
        ...

    def close(self) -> None:
        """Let go of everything; what is not committed comes again."""
        ...
