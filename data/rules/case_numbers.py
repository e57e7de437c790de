"""Case numbers: （2023）粤0607执1234号 is year, court, kind and place in that year's row of that court and kind.

Source: 关于人民法院案件案号的若干规定: （收案年度）+法院代字+类型代字+案件编号+号, full-width brackets, one row of numbers for each court,
kind and year.
"""

import re
import unicodedata
from dataclasses import dataclass

from data.errors import BadInput

LONGEST = 48  # of what was sent, before anything is done with it

KINDS = ("执恢", "执保", "执异", "执复", "执监", "执协", "执他", "执", "司惩")  # 执恢 before 执: the first that fits is taken
_FORM = re.compile(
    r"（(?P<year>(?:19|20)\d{2})）"
    r"(?P<court>最高法|[\u4e00-\u9fa5]{1,2}\d{0,4})"
    rf"(?P<kind>{'|'.join(KINDS)})"
    r"(?P<place>[1-9]\d{0,7})号"
    r"(?P<sub>之[一二三四五六七八九十]+)?",
    re.ASCII,
)
_LEFT, _RIGHT = "(（[［〔【", ")）]］〕】"
_BRACKETS = str.maketrans(_LEFT + _RIGHT, "（" * len(_LEFT) + "）" * len(_RIGHT))


@dataclass(frozen=True, slots=True, order=True)
class CaseNumber:
    """Ordered as a registry keeps them: by year, court, kind, then as numbers, not as text."""

    year: int
    court: str
    kind: str
    place: int
    sub: str = ""

    def __str__(self) -> str:
        return f"（{self.year}）{self.court}{self.kind}{self.place}号{self.sub}"


def parse(text: object) -> CaseNumber:
    """The number however it was typed: half or full width, any brackets, blanks between. Raises BadInput case_number.bad."""
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BadInput("case number", code="case_number.bad")
    found = _FORM.fullmatch("".join(unicodedata.normalize("NFKC", text).split()).translate(_BRACKETS))
    if found is None:
        raise BadInput("case number", code="case_number.bad")
    return CaseNumber(int(found["year"]), found["court"], found["kind"], int(found["place"]), found["sub"] or "")


def normalise(text: object) -> str:
    """The one way in which we keep this case number. Raises BadInput case_number.bad."""
    return str(parse(text))
