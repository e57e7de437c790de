// What the officer feels and hears without looking: short patterns, made here, no file to load.

/** [Hz, seconds] one after the other. @type {Record<string, [number, number][]>} */
const TONES = {
  received: [[880, 0.1]],
  answered: [[660, 0.12], [990, 0.2]],
  ended: [[440, 0.12]],
  refused: [[300, 0.15], [220, 0.35]],
  summons: [[880, 0.15], [660, 0.15], [880, 0.15]],
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
  summons: [400, 150, 400],
  whisper: [80, 60, 80, 60, 200],
};
const LOUD = 0.4;
const OPEN_AFTER_MS = 120; // opening sound holds the page up for 50 ms and more: what the touch itself began leaves before
const SPEAKS_MS = 20_000;
const LATE_MS = 1000; // a tone that had to wait longer for it says nothing any more

/** @type {AudioContext | null} */
let audio = null;
/** What should have sounded while sound was being opened. @type {{notes: [number, number][], until: number} | null} */
let late = null;

/** A browser gives sound only after a touch, and some only when a finger is lifted: the first touch anywhere opens it. */
export function listenForTouch() {
  const soon = () => { if (audio?.state !== 'running') setTimeout(open, OPEN_AFTER_MS); };
  for (const touch of ['pointerdown', 'pointerup', 'keydown']) document.addEventListener(touch, soon, { capture: true });
}

function open() {
  try {
    audio ??= new AudioContext();
    audio.onstatechange = catchUp;
    if (audio.state === 'suspended') void audio.resume();
    catchUp();
  } catch {
    audio = null; // no sound here; the shaking and the words remain
  }
}

function catchUp() {
  if (audio?.state !== 'running' || !late) return;
  const { notes, until } = late;
  late = null;
  if (performance.now() < until) play(notes);
}

/** @param {string} what */
export function feel(what) {
  const shake = SHAKES[what];
  if (shake && navigator.vibrate && navigator.userActivation?.hasBeenActive !== false) navigator.vibrate(shake);
  const notes = TONES[what];
  if (notes) play(notes);
}

/**
 * Says a sentence aloud, if this phone can speak Chinese; else a tone, so that somebody looks at the print. Resolves when it was said.
 * @param {string} sentence @returns {Promise<'spoken' | 'shown'>}
 */
export async function speak(sentence) {
  const voice = window.speechSynthesis?.getVoices().find((one) => one.lang.toLowerCase().startsWith('zh') && one.localService);
  if (!voice) {
    feel('received');
    return 'shown';
  }
  return new Promise((done) => {
    const said = new SpeechSynthesisUtterance(sentence);
    [said.voice, said.lang] = [voice, voice.lang];
    said.onend = () => done('spoken');
    said.onerror = () => done('shown');
    setTimeout(() => done('shown'), SPEAKS_MS); // an engine that never tells
    speechSynthesis.speak(said);
  });
}

/** @param {[number, number][]} notes */
function play(notes) {
  if (!audio || audio.state !== 'running') {
    late = { notes, until: performance.now() + LATE_MS };
    return;
  }
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
