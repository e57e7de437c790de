/**
 * Camera and microphone to the relay, and back by itself after the network was gone. On a bad line the picture comes down a ladder, the
 * sound stays (`ladder.mjs`).
 *
 * @typedef {import('./media_session.mjs').Pass} Pass
 * @typedef {import('./media_session.mjs').State} State
 * @typedef {import('./ladder.mjs').Ladder} Ladder
 * @typedef {import('./ladder.mjs').Step} Step
 */
import { MediaSession, soundAgain } from './media_session.mjs';
import { SENDS, begin, climb, figuresOf } from './ladder.mjs';

const SOUND_BPS = 32_000;
const JUDGED_MS = 950; // the session looks twice a second
/** A picture in two sizes, the smallest first: for a sender at the court's own line whose viewers may have a thin one. @type {RTCRtpEncodingParameters[]} */
const LAYERS = [
  { rid: 'l', scaleResolutionDownBy: 3, maxBitrate: 150_000, maxFramerate: 15 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/**
 * @param {MediaStream} media at most one track of each kind
 * @param {{ url: string, token: string, renew?: () => Promise<Pass>, iceServers?: RTCIceServer[], onstate?: (state: State, sinceMs: number) => void, onstep?: (ladder: Ladder) => void, highest?: () => Step, layers?: boolean }} options
 *   url: the door with the stream's name; onstep: another step of the ladder; highest: than which it must not be now. Without onstep there
 *   is no ladder: what a desk or a leader sends comes over a good line, or the browser makes it smaller by itself. layers: the picture in
 *   two sizes; has no ladder either
 */
export function publish(media, options) {
  /** @type {Map<string, MediaStreamTrack>} */
  const tracks = new Map(media.getTracks().map((track) => [track.kind, track]));
  let ladder = begin(performance.now());
  let judged = performance.now();
  let closed = false;
  let told = 'FULL none'; // what the relay knows of our step
  let telling = false;
  const session = new MediaSession({
    ...options,
    media: 'outbound-rtp',
    amend: soundAgain,
    prepare: (pc) => {
      ladder = begin(performance.now(), ladder);
      told = 'FULL none';
      for (const track of tracks.values()) {
        if (track.kind === 'video' && !track.contentHint) track.contentHint = 'motion'; // an officer walks: rather fewer dots than fewer pictures
        const encodings = track.kind === 'audio' ? [sound()] : options.layers ? LAYERS.map((each) => ({ ...each, active: !closed })) : [picture()];
        pc.addTransceiver(track, { direction: 'sendonly', streams: [media], sendEncodings: encodings });
      }
    },
    look: (_, stats) => {
      if (!options.onstep || session.state !== 'live' || !tracks.has('video') || performance.now() - judged < JUDGED_MS) return;
      judged = performance.now();
      const before = ladder.step;
      ladder = climb(ladder, figuresOf(stats.values()), judged, options.highest?.());
      void tell();
      if (ladder.step === before) return;
      void apply();
      options.onstep(ladder);
    },
  });

  /** So that the wall uses our word; another server than ours ignores it. Said again each second until it is heard. */
  async function tell() {
    const word = `${ladder.step} ${ladder.why || 'none'}`;
    const { pc, resource } = session;
    if (telling || word === told || resource === null) return;
    telling = true;
    const answer = await session.ask(resource, 'PATCH', `a=end-of-candidates\r\na=x-step:${word}\r\n`, 'application/trickle-ice-sdpfrag').catch(() => null);
    telling = false;
    if (answer && pc === session.pc) told = word; // also when it is refused: a server that does not understand it never will
  }

  /** @returns {RTCRtpEncodingParameters} */
  const sound = () => ({ maxBitrate: SOUND_BPS, priority: 'high', networkPriority: 'high' });

  /** @returns {RTCRtpEncodingParameters} */
  function picture() {
    const { bps, scale, fps } = SENDS[ladder.step];
    return { active: bps > 0 && !closed, ...(bps ? { maxBitrate: bps } : {}), scaleResolutionDownBy: scale, ...(fps === null ? {} : { maxFramerate: fps }), priority: 'low', networkPriority: 'low' };
  }

  /** The running connection sends what this step sends. */
  async function apply() {
    const sender = session.pc?.getSenders().find((each) => each.track?.kind === 'video');
    const parameters = sender?.getParameters();
    const [encoding] = parameters?.encodings ?? [];
    if (!sender || !parameters || !encoding) return;
    if (options.layers) {
      for (const each of parameters.encodings) each.active = !closed;
    } else {
      delete encoding.maxFramerate;
      Object.assign(encoding, picture());
    }
    await sender.setParameters(parameters).catch(() => undefined); // a connection that has just ended
  }

  return {
    session,
    close: () => session.close(),
    /** @returns {Readonly<Ladder>} */
    get ladder() {
      return ladder;
    },
    /** Another camera or microphone goes on in the place of the one of its kind, without a new connection. @param {MediaStreamTrack} track */
    async replace(track) {
      tracks.set(track.kind, track);
      const sender = session.pc?.getSenders().find((each) => each.track?.kind === track.kind);
      await sender?.replaceTrack(track);
    },
    /** No picture any more, or again; sound goes on. @param {boolean} shut */
    async shut(shut) {
      closed = shut;
      await apply();
    },
  };
}
