"""Which devices' positions are refused again and again: counted for each device, told to the desk while it goes on.

What leaves an audit record and what does not (`domain/rules.md` E.7, E.8): the list of E.8 names looks, decisions and refused rights. A
position that is not believed is none of them: nobody saw or was denied anything, so it leaves no record, it is answered to its sender,
counted by its code, and shown at the desk as a device that needs somebody to look at it. A device that speaks for a unit that is not its
own is refused a right (403): that leaves a record, by HTTP through the gate, on a socket through `positions_door`. Off duty is not counted
here at all: who forgot to switch a client off is nobody's business (E.3: no tracking off duty).
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

SPAN_S = 300.0  # what is told is of this span and the one before it: five to ten minutes
OFTEN = 20  # refusals in that time; a receiver that begins indoors has fewer
UNCOUNTED = frozenset({"fix.off_duty"})

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lately:
    """Of one device: the span under way and the one before it. Two small counters, one entry a code."""

    unit_no: int
    span: int
    present: Counter[str] = field(default_factory=Counter)
    former: Counter[str] = field(default_factory=Counter)

    def at(self, span: int) -> Counter[str]:
        """The counter of this span; what is older than the one before is forgotten."""
        if span != self.span:
            self.former = self.present if span == self.span + 1 else Counter()
            self.present, self.span = Counter(), span
        return self.present


class Doubtful:
    """Bounded by the number of enrolled devices; forgets by itself. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lately: dict[int, _Lately] = {}

    def note(self, unit_no: int, device_no: int, codes: Iterable[str]) -> None:
        """So many positions of this device were refused."""
        counted = [code for code in codes if code not in UNCOUNTED]
        if not counted:
            return
        span = int(self._clock() // SPAN_S)
        lately = self._lately.setdefault(device_no, _Lately(unit_no, span))
        before = lately.at(span).total() + lately.former.total()
        lately.present.update(counted)
        if before < OFTEN <= before + len(counted):
            log.warning("positions of device %d are refused again and again: %s", device_no, counted[-1])

    def often(self) -> dict[int, tuple[int, str]]:
        """Units with a device refused at least `OFTEN` times lately: how often, and for what most."""
        span = int(self._clock() // SPAN_S)
        for device_no in [no for no, lately in self._lately.items() if span > lately.span + 1]:
            del self._lately[device_no]
        found: dict[int, tuple[int, str]] = {}
        for lately in self._lately.values():
            counts = lately.at(span) + lately.former
            if counts.total() >= max(OFTEN, found.get(lately.unit_no, (0, ""))[0]):
                found[lately.unit_no] = counts.total(), counts.most_common(1)[0][0]
        return found
