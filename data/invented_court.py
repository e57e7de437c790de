"""What the demonstration's court is called. No real court has this code: 岭 is the letter of no province."""

from data.settings import Settings

DESK_PIN = "desk_pin"  # the file in keys/ of a demonstration: the PIN of its duty officer, made at random for this home
COURT_CODE, COURT_NAME, DUTY_PHONE = "岭0108", "清溪区人民法院", "0000-8010108"


def invented(settings: Settings, civil_offset_s: int) -> Settings:
    """The settings under the demonstration's own court, whose clock is so far from UTC, in a home of its own."""
    return settings.but(
        home=settings.home / "demo",
        demo=True,
        court_code=COURT_CODE,
        court_name=COURT_NAME,
        duty_phone=settings.duty_phone or DUTY_PHONE,
        civil_offset_s=civil_offset_s,
        log_level="warning" if settings.log_level == "info" else settings.log_level,  # the terminal shows the links, not what started
    )
