/** What travels and what is kept. Types only: this file is not served. Times are ms since 1970 UTC unless a name says otherwise. */

/** Who this phone is: GET /ingest/me. */
export interface Me {
  unit: string | number;
  label: string;
  who?: string;
  team?: string | null;
  duty: boolean;
  court: string;
  duty_phone?: string | null;
  demo?: boolean;
  civil_offset_s?: number;
}

/** One position as the browser gave it. `t` is the phone's own clock, `offset` what was known then of server − phone. */
export interface KeptFix {
  id: string;
  t: number;
  offset: number | null;
  lat: number;
  lon: number;
  accuracy_m: number;
  speed_mps: number | null;
  heading_deg: number | null;
  battery_pct: number | null;
}

/** One position as the door takes it: times in the server's clock. */
export interface WireFix {
  id: string;
  t: string;
  lat: number;
  lon: number;
  src_crs: 'WGS84';
  accuracy_m: number;
  speed_mps: number | null;
  heading_deg: number | null;
  battery_pct: number | null;
  provider: 'FUSED';
  mock: false;
}

export interface Refusal {
  id: string;
  code: string;
  text: string;
}

/** Answer of the doors that take many at once. */
export interface Taken {
  accepted: string[];
  known: string[];
  refused: Refusal[];
  server_time?: string;
  shifted?: boolean;
}

export type Kind = 'sos' | 'call' | 'end' | 'act' | 'order' | 'whisper' | 'duty' | 'silence' | 'mission';

/** Something a person did. It is kept until the centre has answered; `id` never changes, so twice is once. */
export interface Action {
  id: string;
  kind: Kind;
  t: number;
  offset: number | null;
  unit: string;
  details: {
    fix?: KeptFix | null;
    on?: boolean;
    minutes?: number;
    call_id?: string;
    act?: 'accept' | 'close_picture' | 'open_picture' | 'notice' | 'earpiece_on' | 'earpiece_off';
    why?: string;
    order_id?: string;
    answer?: 'delivered' | 'accepted' | 'declined' | 'arrived';
    reason?: string;
    whisper_id?: string;
    mission_id?: string;
    event?: 'departed' | 'arrived' | 'fruitless' | 'finished';
  };
}

/** `kept`: on the phone; `sending`; `waiting`: tried, will be tried again; the rest are ends. */
export type Fate = 'kept' | 'sending' | 'waiting' | 'answered' | 'refused' | 'withdrawn';

export interface CallRow {
  id: string;
  number?: string;
  state: 'RINGING' | 'ANSWERED' | 'LIVE' | 'DEGRADED' | 'RECONNECTING' | 'MISSED' | 'ENDED';
  placed_at: number;
  kind?: 'ONE_TAP' | 'CENTRE';
  unit?: string;
  rung_by?: string | null;
  rung_team_id?: string | null;
  commander?: string | null;
  picture_closed_at?: number | null;
  output?: 'UNKNOWN' | 'SPEAKER' | 'HEADSET';
  output_at?: number | null;
  whispering?: string | null;
  speaking?: string | null;
  owner?: string | null;
  owned_at?: number | null;
  answered_at?: number | null;
  ended_at?: number | null;
}

/** Somebody in a call of this phone. */
export interface ParticipantRow {
  id: string;
  call_id: string;
  kind: 'FIELD' | 'DESK' | 'LEADER' | 'PARTY' | 'WALL';
  permissions?: string[];
  state: 'INVITED' | 'WAITING' | 'IN' | 'LEFT' | 'REFUSED';
  who?: string | null;
  wall?: string | null;
  media?: 'NONE' | 'LIVE' | 'DEGRADED' | 'LOST';
}

export interface WhisperRow {
  id: string;
  call_id: string;
  who?: string | null;
  text: string;
  sent_at: number;
  seen_at?: number | null;
}

/** An order to this phone's team. */
export interface OrderRow {
  id: string;
  number: string;
  state: 'SENT' | 'DELIVERED' | 'ACCEPTED' | 'ARRIVED' | 'DECLINED' | 'OVERDUE' | 'WITHDRAWN';
  text?: string | null;
  place?: string | null;
  who?: string | null;
  of_team?: string | null;
  matter?: string | null;
  case_no?: string | null;
  distance_m: number;
  eta_s: number;
  estimated?: boolean;
  sent_at: number;
}

export interface SosRow {
  id: string;
  number?: string;
  state: 'RAISED' | 'ACKED' | 'RESPONDING' | 'RESOLVED' | 'FALSE_ALARM';
  raised_at: number;
  owner?: string | null;
  owned_at?: number | null;
  closed_at?: number | null;
}

export interface MissionRow {
  id: string;
  matter: string;
  place?: string | null;
  case_no?: string | null;
  state: 'ASSIGNED' | 'EN_ROUTE' | 'ON_SCENE' | 'FRUITLESS' | 'FINISHED' | 'CANCELLED';
  planned_from_at?: number | null;
  on_stage?: boolean;
  changed_at?: number | null;
}

export interface UnitRow {
  no: string;
  who?: string;
  team?: string | null;
  on_duty: boolean;
  silent_until_at?: number | null;
}

export interface RecordingRow {
  id: string;
  call_id: string | null;
  state: 'RUNNING' | 'BROKEN';
}

export interface Rows {
  call: Map<string, CallRow>;
  participant: Map<string, ParticipantRow>;
  whisper: Map<string, WhisperRow>;
  order: Map<string, OrderRow>;
  sos: Map<string, SosRow>;
  mission: Map<string, MissionRow>;
  unit: Map<string, UnitRow>;
  recording: Map<string, RecordingRow>;
}

export interface Hello {
  type: 'hello';
  server_time: number;
  build?: string;
  civil_offset_s?: number;
  court?: string;
  demo?: boolean;
}

export interface Tick {
  type: 'tick';
  server_time: number;
  watchers?: number;
}
