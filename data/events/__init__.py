"""Every event the system can announce: facts in past tense, with ids only, and the rows of the wall they touch.

An event never carries a name, a phone number, a plate, a case number or a coordinate: those stand in the rows, where each viewer's
`Sight` masks them. The wire name is `<noun>.<past tense>`; `EVENTS` maps it to the class. Adding one: README, «how to add an event».

A row of the wall is named by (kind, id). An officer is no row of his own: ("officer", id) stands for every row that says his name, and the
query finds them. Besides the rows below, every event with `shown = True` touches its own line in the event
stream ("entry", seq) and the day's figures ("today", "today"); `Entry.touched` adds them.

One noun a file; everything is read from here.
"""

from data.events.backups import (
    BackupFailed,
    BackupMade,
    CourtRestored,
)
from data.events.calls import (
    CallAnswered,
    CallCentreRang,
    CallDegraded,
    CallEnded,
    CallLive,
    CallMediaStopped,
    CallMissed,
    CallNoticeGiven,
    CallPictureClosed,
    CallPictureOpened,
    CallReconnecting,
    CallRinging,
    CallTaken,
)
from data.events.cases import (
    CaseAssigned,
    CaseChanged,
    CaseClosed,
    CaseFiled,
    CaseNodeDone,
    CaseResumed,
    CaseStageChanged,
    CaseSuspended,
)
from data.events.clips import (
    ClipCut,
    ClipMasked,
    ClipPurged,
    ClipRendered,
    ClipRenderingAsked,
    ClipRenderingCancelled,
    ClipRenderingFailed,
    ClipRenderingMoved,
    VideoBegun,
    VideoEnded,
    VideoKept,
)
from data.events.court import (
    AreaDrawn,
    CourtChanged,
    CourtFounded,
    FenceDrawn,
    FenceEntered,
    FenceLeft,
    FenceRemoved,
    OfficerAdded,
    OfficerChanged,
    TeamFormed,
    UnitAdded,
    VehicleAdded,
)
from data.events.event import (
    EVENTS,
    Event,
    Row,
    from_payload,
)
from data.events.heartbeat import (
    FaultClosed,
    FaultReported,
    FaultTaken,
    PartChanged,
)
from data.events.identity import (
    AccountChanged,
    AccountOpened,
    AuditRecorded,
    DeviceEnrolled,
    DeviceRevoked,
    JointConfirmed,
    JointDropped,
    JointProposed,
    KeyChanged,
    LinkLapsed,
    LinkMade,
    LinkUsed,
    RoleConfirmed,
    RoleDropped,
    RoleProposed,
    SessionClosed,
    SessionOpened,
    SettingChanged,
)
from data.events.live_permits import (
    LiveCertified,
    LiveEnded,
    LivePermitted,
    LiveProposed,
)
from data.events.missions import (
    MissionArrived,
    MissionAssigned,
    MissionCancelled,
    MissionDeparted,
    MissionFinished,
    MissionFruitless,
    MissionTrackKept,
)
from data.events.orders import (
    OrderAccepted,
    OrderArrived,
    OrderDeclined,
    OrderDelivered,
    OrderOverdue,
    OrderSent,
    OrderWithdrawn,
)
from data.events.outcomes import (
    InterviewHeld,
    InterviewsBegan,
    PromiseBroken,
    PromiseKept,
    PromiseMade,
    PromiseReopened,
    PromiseWithdrawn,
    ScreeningClosed,
    ScreeningFollowedUp,
    SettlementConfirmed,
    SettlementMade,
    SettlementWithdrawn,
    SpotPaymentMade,
    SpotPaymentWithdrawn,
)
from data.events.participants import (
    CallCommandReleased,
    CallCommandTaken,
    CallConcluded,
    CallJoined,
    CallLeaderInvited,
    CallLeaderJoined,
    CallLeaderRefused,
    CallLeaderVerified,
    CallLeaderWaiting,
    CallLeft,
    CallPartyConsented,
    CallPartyDeclined,
    CallPartyInvited,
    CallPartyJoined,
    CallPartyMuted,
    CallPartyRefused,
    CallPartyUnmuted,
    CallPartyVerified,
    SheetCompleted,
)
from data.events.positions import (
    PositionsArchived,
    PositionsArchivingEnded,
    PositionsHeld,
    PositionsHoldLifted,
    PositionsPurged,
)
from data.events.recordings import (
    RecordingBegan,
    RecordingBroken,
    RecordingClassed,
    RecordingEnded,
    RecordingGap,
    RecordingHeld,
    RecordingHoldLifted,
    RecordingMended,
    RecordingPurged,
    RecordingUploaded,
    SegmentKept,
)
from data.events.releases import (
    ReleaseCertified,
    ReleaseMasked,
    ReleaseProposed,
    ReleaseRevoked,
    ReleaseWentLive,
)
from data.events.screening_people import (
    AttendeeCheckedIn,
    AttendeeInvited,
    AttendeeLeft,
    AttendeeReturned,
    AttendeeTakenOff,
    CheckInOpened,
    CheckInUndone,
    HelpAsked,
    HelpTaken,
    MaterialsTicked,
    PartyFlagged,
    PhotoConsentNoted,
    PlanChanged,
    ScreeningRested,
    SignInsPurged,
)
from data.events.screenings import (
    BlackoutLifted,
    DoorClosed,
    DoorInvited,
    DoorLocked,
    DoorOpened,
    DoorUnlocked,
    ItemMoved,
    ItemShown,
    ObjectionLookedAt,
    ObjectionRaised,
    ProgrammeSet,
    ScreeningBegan,
    ScreeningBlackedOut,
    ScreeningEnded,
    ScreeningPlanned,
    StageInvited,
    StageOpened,
)
from data.events.sos import (
    SosAcknowledged,
    SosEscalated,
    SosFalseAlarm,
    SosRaised,
    SosResolved,
    SosResponding,
)
from data.events.units import (
    DutyBegan,
    DutyEnded,
    SilenceDeclared,
    SilenceEnded,
)
from data.events.walls import (
    WallPaired,
    WallRevoked,
    WallScreensChanged,
    WallStaged,
    WallSteered,
    WallTakenBack,
)
from data.events.whispers import (
    CallEarpieceConfirmed,
    CallEarpieceWithdrawn,
    CallVoiceBegan,
    CallVoiceEnded,
    CallWhispered,
    CallWhisperSeen,
)
