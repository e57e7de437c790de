/**
 * Watching one stream in a <video>: the picture of before stays until the new one is there.
 *
 * @typedef {import('./media_session.mjs').Pass} Pass
 * @typedef {import('./media_session.mjs').State} State
 */
import { MediaSession, soundAgain } from './media_session.mjs';

/**
 * @param {HTMLMediaElement} element
 * @param {{ url: string, token: string, renew?: () => Promise<Pass>, iceServers?: RTCIceServer[], audio?: boolean, video?: boolean, onstate?: (state: State, sinceMs: number) => void }} options
 *   url: the door with the stream's name. audio, video: both unless said otherwise.
 * @returns {MediaSession} close() ends it
 */
export function view(element, { audio = true, video = true, ...options }) {
  return new MediaSession({
    ...options,
    media: 'inbound-rtp',
    amend: soundAgain,
    prepare: (pc) => {
      const stream = new MediaStream();
      for (const kind of [...(audio ? ['audio'] : []), ...(video ? ['video'] : [])]) {
        stream.addTrack(pc.addTransceiver(kind, { direction: 'recvonly' }).receiver.track);
      }
      pc.addEventListener('connectionstatechange', () => {
        if (pc.connectionState !== 'connected') return;
        for (const { currentDirection, receiver } of pc.getTransceivers()) {
          if (currentDirection !== 'recvonly' && currentDirection !== 'sendrecv') stream.removeTrack(receiver.track); // an element waits for a picture that never comes, and is silent
        }
        element.srcObject = stream;
        void element.play().catch(() => undefined); // without a touch some browsers refuse sound: the page asks for one
      });
    },
  });
}
