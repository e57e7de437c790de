"""Walk a state machine through any wishes: refused ones are skipped, as people's are."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from data.errors import TransitionRefused

State = TypeVar("State")
Step = TypeVar("Step")


def walk(state: State, steps: Iterable[Step], step: Callable[[State, Step], State]) -> list[State]:
    """Every state on the way, the first included."""
    path = [state]
    for wanted in steps:
        try:
            path.append(step(path[-1], wanted))
        except TransitionRefused:
            continue
    return path
