"""The schema: every mapped class. Only `data.actions` changes these rows, only `data.queries` reads them, only `data.journal` commits.

Times are UTC; money is whole cents (分); places are WGS 84 degrees. Columns of type `Sealed` hold ciphertext: names of parties, identity
numbers, phones, addresses and plates never lie readable in the database file.

One noun a file; everything is read from here.
"""

from data.tables.calls import (
    CallRow,
    OrderRow,
    ParticipantRow,
    PartyGuestRow,
    SosRow,
    TalkSheetRow,
    WhisperRow,
)
from data.tables.cases import (
    CaseNoteRow,
    CasePartyRow,
    CaseRow,
    MissionRow,
    MissionTrackRow,
    ReceivedRow,
    RecoveryRow,
)
from data.tables.clips import (
    ClipRow,
    ReleaseRow,
)
from data.tables.court import (
    AreaRow,
    CourtRow,
    DeviceRow,
    DutyRow,
    FenceInsideRow,
    FenceRow,
    OfficerRow,
    TeamRow,
    UnitRow,
    VehicleRow,
)
from data.tables.identity import (
    AccountRow,
    AuditRow,
    JointRow,
    LinkRow,
    RecoveryCodeRow,
    RoleChangeRow,
    SecondFactorRow,
    SessionRow,
    SettingChangeRow,
)
from data.tables.journal import (
    CounterRow,
    EntryRow,
)
from data.tables.recordings import (
    BroughtVideoRow,
    PositionArchiveRow,
    PositionHoldRow,
    RecordingGapRow,
    RecordingRow,
    SegmentRow,
)
from data.tables.screenings import (
    AttendeeRow,
    InterviewRow,
    LivePermitRow,
    ObjectionRow,
    PromiseRow,
    ScreeningHelpRow,
    ScreeningItemRow,
    ScreeningRow,
    SettlementRow,
    SpotPaymentRow,
)
from data.tables.table import (
    Instant,
    Sealed,
    Table,
)
from data.tables.walls import (
    FaultRow,
    PartChangeRow,
    WallRow,
)
