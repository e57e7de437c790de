"""What the field sends in a journey: positions, presses and reports, through the public doors."""

from datetime import UTC, datetime
from typing import Any

import httpx
from ulid import ULID

from tests.running import COURT, Product


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix(lat: float = COURT[0], lon: float = COURT[1]) -> dict[str, Any]:
    """A good position of this moment."""
    known = {"src_crs": "WGS84", "accuracy_m": 8, "battery_pct": 64, "provider": "GPS", "mock": False}
    return known | {"id": str(ULID()), "t": iso(datetime.now(UTC)), "lat": lat, "lon": lon}


async def send(product: Product, door: str, body: Any, unit: int | None) -> Any:
    """By this unit's device; unit None: by the case system. Returns the answer."""
    token = product.seeded.case_system if unit is None else product.seeded.devices[unit]
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{product.origin}/ingest/{door}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    answer.raise_for_status()
    return answer.json()
