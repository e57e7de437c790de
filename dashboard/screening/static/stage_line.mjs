/* The stage's one socket: it says what it heard, that the line is lost, and tries again for ever. */

import { SILENCE_MS, pauseMs, read, saysBlack } from './stage_state.mjs';

const OPENING_MS = 5000; // a door that takes nobody and refuses nobody; the court's card is shown meanwhile

/**
 * @param {string} address
 * @param {{black: (said: import('./stage_state.mjs').Said) => void, stage: (said: import('./stage_state.mjs').Said) => void, cells: (message: ArrayBuffer) => void, lost: () => void, wall?: () => void}} told
 */
export function openLine(address, told) {
  let failures = 0;
  /** @type {WebSocket | null} */
  let socket = null;
  let watch = 0;

  /** @param {number} ms */
  const waitAtMost = (ms) => {
    clearTimeout(watch);
    watch = setTimeout(lose, ms);
  };

  const connect = () => {
    const own = new WebSocket(address);
    own.binaryType = 'arraybuffer';
    socket = own;
    own.onmessage = ({ data }) => { if (own === socket) hear(data); };
    own.onclose = () => { if (own === socket) lose(); };
    waitAtMost(OPENING_MS);
  };

  /** @param {unknown} data */
  const hear = (data) => {
    try {
      if (data instanceof ArrayBuffer) {
        told.cells(data); // says nothing of the door: its beat does
        return;
      }
      const said = read(data);
      if (saysBlack(said)) told.black(said); // before anything else
      else if (said.type === 'stage') told.stage(said);
      else if (said.type === 'wall') told.wall?.();
      if (said.type === 'stage') failures = 0;
      waitAtMost(SILENCE_MS);
    } catch {
      lose(); // what cannot be understood is not shown
    }
  };

  const lose = () => {
    const old = socket;
    if (!old) return; // lost already, waiting to try again
    socket = null;
    told.lost();
    clearTimeout(watch);
    old.onmessage = old.onclose = null;
    old.close();
    setTimeout(connect, pauseMs(failures));
    failures += 1;
  };

  connect();
  return {
    lose,
    /** @param {unknown} message */
    say(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
  };
}
