"""How far a publisher's picture has come down the ladder, judged by what arrives. Pure: told once a second what came, no clock of its own.

A mode must be seen twice running before it is told, and what is whole again must be clearly so: a word on the wall that flickers is read by
nobody. Nothing at all for two seconds is not judged here: that is «画面中断».
"""

from collections import deque
from dataclasses import dataclass

from data.rules.calls import Mode

WINDOW = 5  # seconds
STILLS_MOST = 5  # pictures in that window: one a second or fewer
FEW, ENOUGH = 25, 40  # pictures in that window: below five a second it is no film any more; whole again from eight on
LOSSY, CLEAN = 0.10, 0.05  # share of packets that were lost, the mean of that window


@dataclass(frozen=True, slots=True)
class Judged:
    """mode: None when the picture is whole again. cause: no_picture | few_pictures | loss, or recovered."""

    mode: Mode | None
    cause: str


WHOLE = Judged(None, "recovered")


class Degradation:
    """Of one publisher who sends pictures."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int, float]] = deque(maxlen=WINDOW)
        self._told, self._before = WHOLE, WHOLE

    def second(self, pictures: int, sounds: int, lost_share: float) -> Judged | None:
        """What came within the second that passed: pictures, packets of sound, share of picture packets that were lost.

        Returns what has become of it when that changed.
        """
        if not pictures and not sounds:
            self._seconds.clear()
            return None
        self._seconds.append((pictures, sounds, lost_share))
        if len(self._seconds) < WINDOW:
            return None
        judged, before = self._judge(), self._before
        self._before = judged
        if judged == before and judged != self._told:
            self._told = judged
            return judged
        return None

    def returned(self) -> None:
        """It was silent, and was told to be live again."""
        self._seconds.clear()
        self._told = self._before = WHOLE

    def _judge(self) -> Judged:
        pictures = sum(each[0] for each in self._seconds)
        lost = sum(each[2] for each in self._seconds) / WINDOW
        whole = self._told.mode is None
        if not pictures:
            return Judged(Mode.AUDIO_ONLY, "no_picture")
        if pictures <= STILLS_MOST:
            return Judged(Mode.STILLS, "few_pictures")
        if pictures < (FEW if whole else ENOUGH):
            return Judged(Mode.LOW_VIDEO, "few_pictures")
        if lost >= (LOSSY if whole else CLEAN):
            return Judged(Mode.LOW_VIDEO, "loss")
        return WHOLE
