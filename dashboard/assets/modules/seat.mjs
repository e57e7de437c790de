// Which camera and microphone the room has (领导席): chosen once on the check page, remembered by this browser.

const KEY = 'ecc-seat';

/** @typedef {{camera?: string, microphone?: string}} Seat */

/** @returns {Seat} */
export function chosen() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
}

/** @param {Seat} what */
export const choose = (what) => localStorage.setItem(KEY, JSON.stringify({ ...chosen(), ...what }));
