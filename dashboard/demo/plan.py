"""What the simulated devices know: addresses, tokens, ways. A file for this user alone; nothing of it comes from the database."""

from pathlib import Path

import msgspec


class Unit(msgspec.Struct, frozen=True):
    """One enrolled device. driver: the team that it drives with; None: it stands at lat, lon and nobody drives it."""

    unit: str
    token: str
    osmand_id: str
    lat: float
    lon: float
    driver: str | None = None
    vehicle: bool = False


class Plan(msgspec.Struct, frozen=True):
    """verify: a file with the authority that signed the centre's certificate. run: the folder of `pids.json` and of the director's wire.

    duty: secret of the link that signs the simulated duty officer in; leader: the id of the officer whom he invites. Empty: nobody answers.
    helper: a phone of the team that stands about; it answers support orders of the simulated duty officer, nobody else's.
    """

    origin: str
    run: str
    court_code: str
    civil_offset_s: int
    case_token: str
    devices: list[Unit]
    ways: dict[str, list[tuple[float, float]]]  # from the court to each team's goal
    missions: dict[str, str]  # under way, by team
    planned: dict[str, str]
    cases: dict[str, list[str]]  # numbers of open cases by their stage
    cameras: list[Unit] = []  # officers' phones whose cameras show a drawn clip while they call
    duty: str = ""
    leader: str = ""
    helper: Unit | None = None
    speed: float = 1.0
    verify: str | None = None

    @property
    def wire(self) -> Path:
        """Where the director speaks to the devices: a Unix socket."""
        return wire(Path(self.run))


def wire(run: Path) -> Path:
    return run / "director.sock"


def read_plan(path: Path) -> Plan:
    return msgspec.json.decode(path.read_bytes(), type=Plan)


def as_text(plan: Plan) -> str:
    return msgspec.json.encode(plan).decode()
