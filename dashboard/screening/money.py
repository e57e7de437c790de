"""Sums as a person reads them: in yuan to the last fen, in 万 at a glance, and in the numerals of a paper that is signed."""

from dashboard.i18n import t

GROUP = 10_000


def yuan(cents: int) -> str:
    """126,000.00"""
    return f"{cents // 100:,}.{cents % 100:02d}"


def wan(cents: int) -> str:
    """12.6万元; less than 10,000 yuan: 9,800 元."""
    if cents < 100 * GROUP:
        return t("outcome.yuan", sum=f"{cents / 100:,.2f}".rstrip("0").rstrip("."))
    return t("outcome.wan", sum=f"{cents / 100 / GROUP:,.2f}".rstrip("0").rstrip("."))


def capital(cents: int) -> str:
    """壹拾贰万陆仟元整: nobody writes another figure into it."""
    digits, units, groups = t("outcome.digits"), t("outcome.units"), t("outcome.groups")
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    said = _whole(whole, digits, units, groups)
    end = t("outcome.end")  # 元 角 分 整
    if whole:
        said += end[0]
    if not jiao and not fen:
        return (said or digits[0] + end[0]) + end[3]
    if jiao:
        said += digits[jiao] + end[1]
    elif whole:
        said += digits[0]
    return said + (digits[fen] + end[2] if fen else end[3])


def _whole(number: int, digits: str, units: str, groups: str) -> str:
    """Groups of four figures; several zeros in a row are said once."""
    said, zero = "", False
    for place in range(15, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += (digits[0] if zero and said else "") + digits[digit] + units[place % 4].strip()
            zero = False
        else:
            zero = True
        if place % 4 == 0 and place and number // 10**place % GROUP:
            said += groups[place // 4].strip()
    return said
