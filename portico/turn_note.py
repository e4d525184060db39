"""What a worker knows of the turn that a request takes: whoever gives turns notes it in the request's environment."""

from dataclasses import dataclass

NOTE = "portico.turn"  # in the environment of a request: its TurnNote, where the worker wants to know


@dataclass(slots=True)
class TurnNote:
    """The turn of a request whose answer is best made after those of others, one after another.

    Attributes:
        asked: when it was asked for (of time.monotonic()).
        begun: when it began.
    """

    asked: float | None = None
    begun: float | None = None

    @property
    def is_awaited(self) -> bool:
        """Whether the request waits for its turn."""
        return self.asked is not None and self.begun is None
