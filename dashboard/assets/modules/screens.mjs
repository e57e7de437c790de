// One wall on several screens: `?screen=` says which part of its layout this browser draws; a screen of the set that is gone is said on the others.

import { now, serverNow } from './state.mjs';
import { t } from './text.mjs';

const SCREENS = ['map', 'video', 'cases'];
const SEEN_MS = 12_000; // a screen says what it has drawn every five seconds
const asked = new URLSearchParams(location.search).get('screen') ?? '';

/** Which part this browser draws; '': everything. */
export const screen = SCREENS.includes(asked) ? asked : '';

/** Whether pictures of a call belong here: another screen of the same wall must not fetch them, too. */
export const showsVideo = () => !screen || screen === 'video';

/** Screens of this wall that nobody has seen lately. @param {Record<string, any> | undefined} wall */
export function missing(wall) {
  const seen = now.screens[wall?.id ?? ''] ?? {};
  return /** @type {string[]} */ (wall?.screens ?? []).filter((each) => !(serverNow() - (seen[each] ?? 0) < SEEN_MS));
}

/** Their names. @param {string[]} screens */
export const named = (screens) => screens.map((each) => t(`wall.screen_${each}`)).join(t('wall.screen_and'));

/** One of them sounds, the first that is there: three at once would be an echo. @param {Record<string, any> | undefined} wall */
export function sounds(wall) {
  if (!screen) return true;
  const gone = missing(wall);
  const first = SCREENS.find((each) => (wall?.screens ?? []).includes(each) && !gone.includes(each));
  return !first || first === screen;
}
