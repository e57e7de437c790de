// Picture and sound of the leader's page: what he shows, what he sees. The page (`join.mjs`) says when; nothing here decides who may.

/** @typedef {{picture: boolean, sound: boolean}} Ready */

/** @type {MediaStream | null} */
let own = null;

/** One's own picture before anybody sees it: opened by a touch, kept for the talk. @param {HTMLVideoElement} place @returns {Promise<Ready>} */
export async function preview(place) {
  try {
    own ??= await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true }, video: { facingMode: 'user' } });
  } catch {
    try {
      own ??= await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } }); // sound alone is enough to explain the law
    } catch {
      return { picture: false, sound: false }; // no camera, no microphone, or not allowed: he still sees and hears
    }
  }
  place.srcObject = own;
  await place.play().catch(() => {}); // without a touch some browsers refuse; the button «进入连线» was one
  return { picture: own.getVideoTracks().length > 0, sound: own.getAudioTracks().length > 0 };
}

/** What this page has to send; null before `preview`. */
export const ownStream = () => own;

/**
 * He was let in: from now on the scene is shown, and what he sends follows `voice`. Tokens: POST /api/media/tokens?face=join.
 * @param {{scene: string | null, own: string, call: string, place: HTMLVideoElement, voice: 'nobody' | 'ear' | 'scene'}} talk
 */
export function follow(talk) {
  own?.getAudioTracks().forEach((track) => { track.enabled = talk.voice !== 'nobody'; });
}

/** Everything is closed: camera and microphone too. */
export function stop() {
  own?.getTracks().forEach((track) => track.stop());
  own = null;
}
