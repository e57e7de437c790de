/**
 * Camera and microphone to the relay, and back by itself after the network was gone.
 *
 * @typedef {import('./media_session.mjs').Pass} Pass
 * @typedef {import('./media_session.mjs').State} State
 */
import { MediaSession, soundAgain } from './media_session.mjs';

const MOST_BPS = 1_500_000;
const SOUND_BPS = 32_000;

/**
 * @param {MediaStream} media at most one track of each kind
 * @param {{ url: string, token: string, renew?: () => Promise<Pass>, iceServers?: RTCIceServer[], onstate?: (state: State, sinceMs: number) => void }} options
 *   url: the door with the stream's name
 */
export function publish(media, options) {
  /** @type {Map<string, MediaStreamTrack>} */
  const tracks = new Map(media.getTracks().map((track) => [track.kind, track]));
  const session = new MediaSession({
    ...options,
    media: 'outbound-rtp',
    amend: soundAgain,
    prepare: (pc) => {
      for (const track of tracks.values()) {
        if (track.kind === 'video' && !track.contentHint) track.contentHint = 'motion'; // an officer walks: rather fewer dots than fewer pictures
        const maxBitrate = track.kind === 'video' ? MOST_BPS : SOUND_BPS;
        pc.addTransceiver(track, { direction: 'sendonly', streams: [media], sendEncodings: [{ maxBitrate }] });
      }
    },
  });
  return {
    session,
    close: () => session.close(),
    /** Another camera or microphone goes on in the place of the one of its kind, without a new connection. @param {MediaStreamTrack} track */
    async replace(track) {
      tracks.set(track.kind, track);
      const sender = session.pc?.getSenders().find((each) => each.track?.kind === track.kind);
      await sender?.replaceTrack(track);
    },
    /** The picture no wider in bits than this; 0: no picture, sound goes on. @param {number} bps */
    async limit(bps) {
      const sender = session.pc?.getSenders().find((each) => each.track?.kind === 'video');
      const parameters = sender?.getParameters();
      if (!sender || !parameters?.encodings[0]) return;
      parameters.encodings[0].active = bps > 0;
      if (bps > 0) parameters.encodings[0].maxBitrate = bps;
      await sender.setParameters(parameters);
    },
  };
}
