"""How far a publisher's picture has come down the ladder, judged by what arrives and by what he says himself. Pure: told once a second
what came, no clock of its own.

A mode must be seen twice running before it is told, and what is whole again must be clearly so: a word on the wall that flickers is read by
nobody. What was his own word ends with it: a dark scene of six pictures a second is as whole after it as it was before. Nothing at all for
two seconds is not judged here: that is «画面中断».
"""

from collections import deque
from dataclasses import dataclass

from data.rules.calls import Mode

WINDOW = 5  # seconds
STILLS_MOST = 7  # pictures in that window: one a second or fewer, and what jitter adds
FEW, ENOUGH = 25, 40  # pictures in that window: below five a second it is no film any more; whole again from eight on
LOSSY, CLEAN = 0.10, 0.05  # share of packets that were lost, the mean of that window


@dataclass(frozen=True, slots=True)
class Judged:
    """mode: None when the picture is whole again. cause: no_picture | few_pictures | loss | bandwidth, as judged here; bandwidth | loss |
    delay | battery, as the publisher says himself; or recovered."""

    mode: Mode | None
    cause: str


WHOLE = Judged(None, "recovered")
LADDER = (None, Mode.LOW_VIDEO, Mode.STILLS, Mode.AUDIO_ONLY)
SAID = frozenset({"bandwidth", "loss", "delay", "battery"})


class Degradation:
    """Of one publisher who sends pictures."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int, float, bool]] = deque(maxlen=WINDOW)
        self._told, self._before = WHOLE, WHOLE
        self._said = WHOLE
        self._his = True  # what was told last was his own word, or that it is whole

    def say(self, step: str, cause: str) -> None:
        """The publisher names his own step; FULL, or a word that nobody knows: none."""
        known = step in [mode.value for mode in LADDER if mode] and cause in SAID
        self._said = Judged(Mode(step), cause) if known else WHOLE

    def second(self, pictures: int, sounds: int, lost_share: float, small: bool = False) -> Judged | None:
        """What came within the second that passed: pictures, packets of sound, share of picture packets that were lost.

        small: of several sizes the largest did not come.

        Returns what has become of it when that changed.
        """
        if not pictures and not sounds:
            self._seconds.clear()
            return None
        self._seconds.append((pictures, sounds, lost_share, small))
        if len(self._seconds) < WINDOW:
            return None
        judged, before = self._judge(), self._before
        self._before = judged
        if judged == before and judged != self._told:
            self._told, self._his = judged, judged in (self._said, WHOLE)
            return judged
        return None

    def returned(self) -> None:
        """It was silent, and was told to be live again."""
        self._seconds.clear()
        self._told = self._before = WHOLE
        self._his = True

    def _judge(self) -> Judged:
        """The worse of what is seen and what is said; where both say the same, he knows better why."""
        seen = self._see()
        return self._said if LADDER.index(self._said.mode) >= LADDER.index(seen.mode) and self._said.mode else seen

    def _see(self) -> Judged:
        pictures = sum(each[0] for each in self._seconds)
        lost = sum(each[2] for each in self._seconds) / WINDOW
        whole = self._his
        if not pictures:
            return Judged(Mode.AUDIO_ONLY, "no_picture")
        if pictures <= STILLS_MOST:
            return Judged(Mode.STILLS, "few_pictures")
        if pictures < (FEW if whole else ENOUGH):
            return Judged(Mode.LOW_VIDEO, "few_pictures")
        if lost >= (LOSSY if whole else CLEAN):
            return Judged(Mode.LOW_VIDEO, "loss")
        if all(each[3] for each in self._seconds) if whole else any(each[3] for each in self._seconds):
            return Judged(Mode.LOW_VIDEO, "bandwidth")
        return WHOLE
