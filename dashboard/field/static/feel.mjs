// What the officer feels and hears without looking: short patterns, made here, no file to load.

/** [Hz, seconds] one after the other. @type {Record<string, [number, number][]>} */
const TONES = {
  received: [[880, 0.1]],
  answered: [[660, 0.12], [990, 0.2]],
  ended: [[440, 0.12]],
  refused: [[300, 0.15], [220, 0.35]],
};
/** ms on, off, on… @type {Record<string, number[]>} */
const SHAKES = {
  press: [30],
  hold: [40],
  sent: [250],
  released: [20, 40, 20],
  received: [60],
  answered: [120, 80, 120],
  ended: [40],
  refused: [300, 100, 300],
};
const LOUD = 0.4;

/** @type {AudioContext | null} */
let audio = null;

/** A browser gives sound only after a touch: the first touch anywhere opens it. */
export function listenForTouch() {
  const open = () => {
    try {
      audio ??= new AudioContext();
      if (audio.state === 'suspended') void audio.resume();
    } catch {
      audio = null; // no sound here; the shaking and the words remain
    }
  };
  document.addEventListener('pointerdown', open, { capture: true });
  document.addEventListener('keydown', open, { capture: true });
}

/** @param {string} what */
export function feel(what) {
  const shake = SHAKES[what];
  if (shake && navigator.vibrate && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate(shake);
  const notes = TONES[what];
  if (notes) play(notes);
}

/** @param {[number, number][]} notes */
function play(notes) {
  if (!audio || audio.state !== 'running') return;
  let at = audio.currentTime + 0.02;
  for (const [hertz, seconds] of notes) {
    const source = audio.createOscillator();
    const loudness = audio.createGain();
    source.frequency.value = hertz;
    loudness.gain.setValueAtTime(0, at);
    loudness.gain.linearRampToValueAtTime(LOUD, at + 0.01); // a hard edge clicks
    loudness.gain.setValueAtTime(LOUD, at + seconds - 0.03);
    loudness.gain.linearRampToValueAtTime(0, at + seconds);
    source.connect(loudness).connect(audio.destination);
    source.start(at);
    source.stop(at + seconds);
    at += seconds + 0.04;
  }
}
