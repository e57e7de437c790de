/**
 * Watching one stream in a <video>: the picture of before stays until the new one is there.
 *
 * @typedef {import('./media_session.mjs').Pass} Pass
 * @typedef {import('./media_session.mjs').State} State
 */
import { MediaSession, soundAgain } from './media_session.mjs';
import { begin, second, seconds } from './thrift.mjs';

const ROUGH = 0.02; // share of the sound that had to be made up: from there on we wait longer for what is lost to come again
const WAITS_MS = 250;
const CALM_MS = 20_000;

/**
 * @param {HTMLMediaElement} element
 * @param {{ url: string, token: string, renew?: () => Promise<Pass>, iceServers?: RTCIceServer[], audio?: boolean, video?: boolean, thrifty?: boolean, onstate?: (state: State, sinceMs: number) => void }} options
 *   url: the door with the stream's name. audio, video: both unless said otherwise. thrifty: on a bad line the smallest picture that there
 *   is will do: for whoever watches by a mobile network.
 * @returns {MediaSession} close() ends it
 */
export function view(element, { audio = true, video = true, thrifty = false, ...options }) {
  const wait = patience();
  const save = thrifty ? thrift() : () => undefined;
  const session = new MediaSession({
    ...options,
    media: 'inbound-rtp',
    look: (pc, stats) => { wait(pc, stats); save(session, stats); },
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
  return session;
}

/** The small picture while the line is bad, the large one again when it has been good for a while. */
function thrift() {
  let now = begin();
  const read = seconds();
  return (/** @type {MediaSession} */ session, /** @type {RTCStatsReport} */ stats) => {
    const figures = read(stats.values(), performance.now());
    if (!figures || session.layers.length < 2) return;
    const before = now;
    now = second(now, figures, performance.now());
    if (now.small !== before.small) void session.take(now.small ? session.layers[0] ?? '' : '');
  };
}

/** On a bad line picture and sound come a quarter of a second later, and whole; while it is good, at once. */
function patience() {
  let before = { made: 0, all: 0 };
  let roughAt = -Infinity;
  let waits = false;
  return (/** @type {RTCPeerConnection} */ pc, /** @type {RTCStatsReport} */ stats) => {
    const sound = [...stats.values()].find((stat) => stat.type === 'inbound-rtp' && stat.kind === 'audio');
    const now = { made: (sound?.concealedSamples ?? 0) - (sound?.silentConcealedSamples ?? 0), all: sound?.totalSamplesReceived ?? 0 };
    if (now.all < before.all) before = { made: 0, all: 0 }; // another connection
    if (before.all && now.made - before.made > ROUGH * (now.all - before.all)) roughAt = performance.now();
    before = now;
    const wants = performance.now() - roughAt < CALM_MS;
    if (wants === waits) return;
    waits = wants;
    for (const receiver of pc.getReceivers()) if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = waits ? WAITS_MS : null;
  };
}
