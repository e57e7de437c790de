// The tablet's camera as a scanner. Its picture stays here: it is searched for a code and never sent.

const EVERY_MS = 150;
const WIDTH = 800; // wide enough for a code of a letter held at arm's length
const CODE = /^[A-Z0-9]{8}$/; // a letter holds another picture, the address to object by: that one is nobody's business at the door
const AGAIN_MS = 6_000; // the same letter is still before the lens

/**
 * @param {HTMLVideoElement} video
 * @param {(code: string) => void} seen
 * @param {(why: 'refused' | 'unable') => void} failed
 */
export function cameraOf(video, seen, failed) {
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {Worker | null} */
  let worker = null;
  /** @type {any} */
  let detector = null;
  let last = '', lastAt = -AGAIN_MS, timer = 0, turn = 0;
  const canvas = document.createElement('canvas');

  /** @param {string[]} codes */
  function take(codes) {
    const code = codes.find((each) => CODE.test(each));
    if (!code) return;
    const again = code === last && performance.now() - lastAt < AGAIN_MS;
    last = code;
    lastAt = performance.now();
    if (!again) seen(code);
  }

  /** What the browser itself can read, else our worker. */
  async function reader() {
    const own = /** @type {any} */ (globalThis).BarcodeDetector;
    try {
      if (own && (await own.getSupportedFormats()).includes('qr_code')) return new own({ formats: ['qr_code'] });
    } catch { /* it says that it can and cannot */ }
    worker ??= new Worker('/door/static/code_reader.mjs', { type: 'module' });
    return null;
  }

  /** @param {ImageData} picture @returns {Promise<string[] | null>} */
  const inWorker = (picture) => new Promise((done) => {
    if (!worker) { done(null); return; }
    worker.onmessage = ({ data }) => done(data.codes);
    worker.onerror = () => done(null);
    worker.postMessage(picture, [picture.data.buffer]);
  });

  /** @returns {Promise<string[] | null>} null: nothing here can read it */
  async function read() {
    if (detector) return (await detector.detect(video)).map((/** @type {{rawValue: string}} */ each) => each.rawValue);
    canvas.width = Math.min(WIDTH, video.videoWidth);
    canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
    const drawing = canvas.getContext('2d', { willReadFrequently: true });
    if (!drawing) return null;
    drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
    return await inWorker(drawing.getImageData(0, 0, canvas.width, canvas.height));
  }

  /** @param {number} mine */
  async function look(mine) {
    if (!stream || mine !== turn) return;
    if (video.videoWidth) {
      const codes = await read().catch(() => null);
      if (mine !== turn) return; // switched off meanwhile
      if (codes === null) { stop(); failed('unable'); return; }
      take(codes);
    }
    timer = setTimeout(() => look(mine), EVERY_MS);
  }

  function stop() {
    turn += 1;
    clearTimeout(timer);
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = video.srcObject = null;
  }

  async function start() {
    const mine = ++turn;
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: { ideal: 1280 } }, audio: false });
      if (mine !== turn) { for (const track of opened.getTracks()) track.stop(); return; }
      stream = video.srcObject = opened;
      await video.play();
      detector = await reader();
      void look(mine);
    } catch {
      stop();
      failed('refused');
    }
  }

  return { start, stop, get on() { return stream !== null; } };
}
