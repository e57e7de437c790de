// An alarm is never silently silent: blocked sound is said on the wall.

/** @type {AudioContext | null} */
let context = null;
let ringing = '';

const TONES = /** @type {Record<string, number[]>} */ ({ call: [660, 880], sos: [990, 660, 990, 660], again: [1180, 990, 1180, 990] });

export function wake() {
  context ??= new AudioContext();
  void context.resume();
}

export const blocked = () => !context || context.state !== 'running';

/** Which alarm sounds now; '' is silence. @param {'' | 'call' | 'sos' | 'again'} kind */
export function ring(kind) { ringing = kind; }

setInterval(() => {
  if (!ringing || !context || context.state !== 'running') return;
  let at = context.currentTime;
  for (const tone of TONES[ringing] ?? []) {
    const voice = context.createOscillator();
    const loud = context.createGain();
    loud.gain.value = 0.2;
    voice.frequency.value = tone;
    voice.connect(loud).connect(context.destination);
    voice.start(at);
    voice.stop(at + 0.18);
    at += 0.22;
  }
}, 1500);

try { wake(); } catch { /* no sound device: the wall says that sound is off */ }
for (const event of ['pointerdown', 'keydown']) addEventListener(event, wake);
