"""The rows that rarely change: the court, its communities with their cases counted, its fences, its walls."""

from typing import Any

from sqlalchemy import ColumnElement, func, select

from data.queries.reading import Drawn, Ids, Reading, among, at, degree
from data.tables import AreaRow, CaseRow, CourtRow, FenceInsideRow, FenceRow, OfficerRow, WallRow


def courts(reading: Reading, ids: Ids) -> Drawn:
    query = select(CourtRow.code, CourtRow.name, CourtRow.duty_phone, CourtRow.lat, CourtRow.lon).where(*among(CourtRow.code, ids))

    def row(record: Any) -> dict[str, Any]:
        return {
            "code": record.code,
            "name": record.name,
            "duty_phone": record.duty_phone,
            "lat": degree(record.lat),
            "lon": degree(record.lon),
        }

    return reading.draw("court", query, CourtRow.code, row)


def areas(reading: Reading, ids: Ids) -> Drawn:
    """Communities. A case is never drawn finer than its community's centre."""
    if reading.own_only:
        return {}
    counted = (
        select(CaseRow.area_id, func.count()).where(CaseRow.closed_at.is_(None), *among(CaseRow.area_id, ids)).group_by(CaseRow.area_id)
    )
    cases: dict[str, int] = {area_id: count for area_id, count in reading.session.execute(counted) if area_id is not None}
    query = select(AreaRow.id, AreaRow.street, AreaRow.name, AreaRow.lat, AreaRow.lon).where(*among(AreaRow.id, ids))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "street": record.street,
            "name": record.name,
            "lat": degree(record.lat),
            "lon": degree(record.lon),
            "cases": cases.get(record.id, 0),
        }

    return reading.draw("area", query, AreaRow.id, row)


def of_fences() -> tuple[ColumnElement[bool], ...]:
    """Those that are watched: drawn, begun and not removed."""
    return FenceRow.removed_at.is_(None), FenceRow.begins_at.is_(None)


def fences(reading: Reading, ids: Ids) -> Drawn:
    """Fences, and how many units are inside."""
    if reading.own_only:
        return {}
    counted = select(FenceInsideRow.fence_id, func.count()).where(*among(FenceInsideRow.fence_id, ids)).group_by(FenceInsideRow.fence_id)
    inside: dict[str, int] = dict(reading.session.execute(counted).all())
    query = select(FenceRow.id, FenceRow.name, FenceRow.kind, FenceRow.ring).where(*of_fences(), *among(FenceRow.id, ids))

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "name": record.name,
            "kind": record.kind,
            "ring": [[degree(lat), degree(lon)] for lat, lon in record.ring],
            "inside": inside.get(record.id, 0),
        }

    return reading.draw("fence", query, FenceRow.id, row)


def walls(reading: Reading, ids: Ids) -> Drawn:
    """Walls in the order of the desks' list, with what stands on them and who put it there."""
    if reading.own_only:
        return {}
    query = (
        select(
            WallRow.id,
            WallRow.name,
            WallRow.position,
            WallRow.layout,
            WallRow.visitors,
            WallRow.grid,
            WallRow.focus_kind,
            WallRow.focus_id,
            WallRow.steered_at,
            WallRow.screens,
            OfficerRow.name.label("steerer"),
            OfficerRow.title,
        )
        .outerjoin(OfficerRow, OfficerRow.id == WallRow.steered_by)
        .where(WallRow.revoked_at.is_(None), *among(WallRow.id, ids))
    )

    def row(record: Any) -> dict[str, Any]:
        return {
            "id": record.id,
            "name": record.name,
            "position": int(record.position),
            "layout": int(record.layout),
            "visitors": bool(record.visitors),
            "grid": record.grid,
            "focus_kind": record.focus_kind,
            "focus_id": record.focus_id,
            "screens": [each for each in record.screens.split(",") if each],
            "steered_by": reading.officer(record.steerer, record.title),
            "steered_at": at(record.steered_at),
        }

    return reading.draw("wall", query, WallRow.id, row)
