"""The duty officer of a running product, as the journal takes him."""

from sqlalchemy import select

from data.credentials import digest
from data.rules.permissions import Actor, Role
from data.tables import SessionRow
from tests.screenings import Court


def desk_of(court: Court) -> Actor:
    with court.database.reading() as session:
        opened = session.scalars(select(SessionRow).where(SessionRow.token_hash == digest(court.product.seeded.desk))).one()
    return Actor("OFFICER", opened.officer_id or "", Role.DUTY, court.product.settings.court_code, officer_id=opened.officer_id)
