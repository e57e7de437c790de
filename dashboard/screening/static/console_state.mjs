// What the host's page says of a screening and its stage. Pure.

/**
 * @typedef {{position: number, kind: 'CLIP' | 'CARD' | 'LIVE', title: string, words: string | null, clip: string | null, release: string | null,
 *   number: string | null, duration_ms: number | null, live: boolean, permit?: string | null}} Place
 * @typedef {{id: string, number: string, mission: string, delay_s: number, state: string, certified: string[], mine: boolean, cause: string | null}} Permit
 * @typedef {{key: string | null, state: string, at_ms: number, age_ms: number}} Report
 * @typedef {{id: string, state: 'PLANNED' | 'CHECK_IN' | 'RUNNING' | 'BLACKOUT' | 'INTERVIEWS' | 'ENDED' | 'CLOSED', black: boolean, tablet: {state: 'INVITED' | 'OPEN' | 'LOCKED', digits: string | null} | null,
 *   position: number | null, key: string, playing: boolean, at_ms: number, places: Place[], permits: Permit[], clear?: {call: string, stream: string} | null, stage: boolean,
 *   walls: import('./console_walls.mjs').Wall[], report: Report | null, server_ms: number,
 *   missing: string[], resting: boolean, people: {present: number, invited: number, help: {by: string | null} | null},
 *   shared: {position: number, attendee: number, what: string}[],
 *   objections: {id: string, seat: number | null, number: number, at: string, stopped: boolean, title: string | null, finding: string | null}[]}} Screening
 */

export const LOST_MS = 3_000; // a stage that has said nothing for so long is lost

/** @param {Screening} said */
export const on = (said) => said.state === 'RUNNING' || said.state === 'BLACKOUT';

/** Whether programme and people can still change. @param {Screening} said */
export const before = (said) => said.state === 'PLANNED' || said.state === 'CHECK_IN';
/** @param {Screening} said */
export const over = (said) => said.state === 'ENDED' || said.state === 'CLOSED';

/** What stands on the stage by its own word: a key of the texts. @param {Screening} said */
export function seen(said) {
  if (over(said)) return 'seen_over';
  if (!said.report) return said.stage ? 'seen_away' : 'seen_none';
  if (said.report.age_ms > LOST_MS) return 'seen_away';
  if (said.black) return said.report.state === 'black' ? 'seen_black' : 'seen_blackening';
  return `seen_${said.report.state}`;
}

/** Whether that needs the host's eye. @param {Screening} said */
export const uneasy = (said) => ['seen_away', 'seen_none', 'seen_blackening', 'seen_error', 'seen_blocked', 'seen_hushed', 'seen_waiting'].includes(seen(said));

/** @param {Screening} said */
export const shown = (said) => said.places.find((place) => place.position === said.position) ?? null;

/** The live picture that is to stand on the stage now; null: none. @param {Screening} said */
export function livePlace(said) {
  const place = on(said) ? shown(said) : null;
  return place?.kind === 'LIVE' && place.live ? place : null;
}

/** Whether it can still be permitted, or is. @param {Permit} permit */
export const isOpen = (permit) => ['PROPOSED', 'CERTIFIED_1', 'LIVE'].includes(permit.state);

/** @param {Screening} said @param {Permit} permit */
export const inProgramme = (said, permit) => said.places.some((place) => place.permit === permit.id);

/** The place after the present one that can be shown; null: none. @param {Screening} said */
export function following(said) {
  const from = said.position ?? -1;
  return said.places.find((place) => place.position > from && place.live)?.position ?? null;
}

/** What must be so before it begins, as far as a page can know: keys of the texts. @param {Screening} said @returns {[string, boolean][]} */
export function ready(said) {
  const answers = said.report !== null && said.report.age_ms <= LOST_MS;
  /** @type {[string, boolean][]} */
  const always = [
    ['ready_programme', said.places.length > 0],
    ['ready_live', said.places.every((place) => place.live || place.kind === 'LIVE')], // a permit may get its second signature later
    ['ready_stage', said.stage && answers],
  ];
  if (!said.people.invited) return always; // a showing without guests needs no door
  return [
    ...always,
    ['ready_shared', said.shared.length === 0],
    ['ready_materials', said.missing.length === 0],
    ['ready_door', said.state === 'CHECK_IN'],
  ];
}

/** Where the clip is by now. @param {Screening} said @param {number} passed_ms since this was said */
export function at(said, passed_ms) {
  const duration = shown(said)?.duration_ms ?? 0;
  return Math.max(0, Math.min(duration, said.at_ms + (said.playing && !said.black ? passed_ms : 0)));
}

/** A place as the server takes it. @param {Place} place */
export const plain = (place) => (place.release ? { release: place.release } : place.permit ? { permit: place.permit } : { title: place.title, words: place.words });

/** Where this place stands in a programme that may have changed since; -1: it is gone. @param {Place[]} places @param {Place} place */
export function indexOf(places, place) {
  const wanted = JSON.stringify(plain(place));
  const is = (/** @type {Place | undefined} */ each) => each !== undefined && JSON.stringify(plain(each)) === wanted;
  return is(places[place.position]) ? place.position : places.findIndex(is);
}

/** The programme with one place moved; the same when it cannot. @template T @param {T[]} list @param {number} from @param {number} by */
export function moved(list, from, by) {
  const to = from + by;
  if (from < 0 || to < 0 || from >= list.length || to >= list.length) return list;
  const copy = [...list];
  copy.splice(to, 0, ...copy.splice(from, 1));
  return copy;
}
