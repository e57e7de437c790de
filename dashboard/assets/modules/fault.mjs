// «报修» by one tap, from any face: what the page knows of itself goes with it, never a name, a place or a picture. Imports nothing: phones use it too.
// Kept in this browser until the centre has answered, with one id: without a line it goes when there is one, also after the page was closed.

/** `kept`: not sent yet, it waits here. @typedef {{ok: boolean, kept: boolean, text: string, number: string}} Answer */
/** What to say when nobody answers: it waits here, or could not even be kept. @typedef {{kept: string, lost: string}} Words */
/** `whose`: it goes under no other name; empty, of a page that did not know yet: under whoever is there. @typedef {{id: string, whose: string, at: number, snapshot: Record<string, unknown>, sentence?: string}} Report */

const GIVE_UP_MS = 8000;
const KEPT_MOST = 5; // the oldest stays: it is how the trouble began
const KEPT_MS = 86_400_000;
const AGAIN_MS = 10_000;
const WORDS_MS = 600_000; // so long a sentence belongs to the report before it
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BROWSERS = /** @type {[string, RegExp][]} */ ([
  ['WeChat', /MicroMessenger\/(\d+)/], ['Edge', /Edg\/(\d+)/], ['Firefox', /Firefox\/(\d+)/], ['Chrome', /Chrome\/(\d+)/], ['Safari', /Version\/(\d+).*Safari/]]);
const SYSTEMS = /** @type {[string, RegExp][]} */ ([['Android', /Android/], ['iOS', /iPhone|iPad/], ['Windows', /Windows/], ['macOS', /Mac OS X/], ['Linux', /Linux/]]);

/** @param {[string, RegExp][]} known @param {string} agent */
function named(known, agent) {
  for (const [name, form] of known) {
    const found = form.exec(agent);
    if (found) return found[1] ? `${name} ${found[1]}` : name;
  }
  return 'other';
}

/** Whether the browser may use it, without asking for it. @param {string} right */
async function right(right) {
  try {
    return (await navigator.permissions.query({ name: /** @type {PermissionName} */ (right) })).state;
  } catch {
    return 'unknown';
  }
}

/** The page as it is now. @param {string} face @param {Record<string, unknown>} more what this face knows besides */
export async function snapshot(face, more) {
  const line = /** @type {any} */ (navigator).connection ?? {};
  const agent = navigator.userAgent;
  const [camera, microphone, geolocation, notifications] = await Promise.all(['camera', 'microphone', 'geolocation', 'notifications'].map(right));
  return {
    page: face,
    browser: named(BROWSERS, agent),
    system: named(SYSTEMS, agent),
    online: navigator.onLine,
    hidden: document.hidden,
    network: line.type ?? line.effectiveType ?? 'unknown',
    rtt_ms: line.rtt,
    down_kbps: line.downlink === undefined ? undefined : line.downlink * 1000,
    width: innerWidth,
    height: innerHeight,
    scale_pct: devicePixelRatio * 100,
    camera, microphone, geolocation, notifications,
    ...more,
  };
}

/** A ULID: ten letters of time, sixteen of chance; 256 is a multiple of 32. @param {number} at */
function newId(at) {
  let time = '';
  for (let rest = at, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) time = LETTERS.charAt(rest % 32) + time;
  return time + Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => LETTERS.charAt(byte % 32)).join('');
}

/** @param {string} face */
const shelf = (face) => `ecc.faults.${face}`;

/** What waits, oldest first; whatever else lies there is none. @param {string} face @returns {Report[]} */
function waiting(face) {
  try {
    const kept = JSON.parse(localStorage.getItem(shelf(face)) ?? '[]');
    return kept.filter((/** @type {any} */ one) => typeof one?.id === 'string' && Math.abs(Date.now() - one.at) < KEPT_MS && one.snapshot);
  } catch {
    return [];
  }
}

/** False: this browser keeps nothing. @param {string} face @param {Report[]} reports */
function keep(face, reports) {
  try {
    if (reports.length) localStorage.setItem(shelf(face), JSON.stringify(reports.slice(0, KEPT_MOST)));
    else localStorage.removeItem(shelf(face));
    return true;
  } catch {
    return false;
  }
}

/** @type {{report: Report, at: number} | undefined} */
let last;

/**
 * Keeps it, then sends it; what comes back is a sentence for the person in any case.
 * @param {string} face @param {Record<string, unknown>} more @param {string} sentence @param {Words} words @param {string} [whose] who reports, as the page knows it
 * @returns {Promise<Answer>}
 */
export async function report(face, more, sentence, words, whose = '') {
  const goesOn = sentence && last && performance.now() - last.at < WORDS_MS && last.report.whose === whose ? last.report : undefined;
  const at = Date.now();
  const told = goesOn ? { ...goesOn, sentence } : { id: newId(at), whose, at, snapshot: await snapshot(face, more), ...(sentence ? { sentence } : {}) };
  const others = waiting(face).filter((one) => one.id !== told.id);
  const kept = others.length < KEPT_MOST && keep(face, [...others, told]);
  last = { report: told, at: performance.now() };
  const answer = await send(face, told);
  if (answer.kept) return { ...answer, kept, text: kept ? words.kept : words.lost };
  return answer;
}

/** One report on its way; answered it is forgotten here, refused too. @param {string} face @param {Report} told @returns {Promise<Answer>} */
async function send(face, told) {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), GIVE_UP_MS);
  try {
    const waited = Math.round((Date.now() - told.at) / 1000);
    const body = JSON.stringify({ id: told.id, snapshot: { ...told.snapshot, ...(waited >= 5 ? { waited_s: waited } : {}) }, ...(told.sentence ? { sentence: told.sentence } : {}) });
    const answer = await fetch(`/faults/report?face=${face}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: giveUp.signal });
    const said = await answer.json();
    if (answer.status >= 500 || answer.status === 401) return { ok: false, kept: true, text: '', number: '' };
    // too many of one person's: nobody is helped by the seventh
    keep(face, waiting(face).filter((one) => one.id !== told.id || one.sentence !== told.sentence));
    return { ok: answer.ok, kept: false, text: said.text ?? said.error?.text ?? '', number: said.number ?? '' };
  } catch {
    return { ok: false, kept: true, text: '', number: '' };
  } finally {
    clearTimeout(limit);
  }
}

/**
 * From now on what waits goes as soon as there is a line; `say` hears what came of it.
 * @param {string} face @param {() => string} whose empty: not known yet, or nobody @param {(text: string) => void} say
 */
export function sendKept(face, whose, say) {
  let going = false;
  const go = async () => {
    if (going) return;
    going = true;
    try {
      for (const told of waiting(face)) {
        if ((told.whose && told.whose !== whose()) || Date.now() - told.at < GIVE_UP_MS) continue; // the tap itself is still waiting for its answer
        const answer = await send(face, told);
        if (answer.kept) return;
        if (answer.text) say(answer.text);
      }
    } finally {
      going = false;
    }
  };
  addEventListener('online', () => void go());
  setInterval(() => { if (waiting(face).length) void go(); }, AGAIN_MS);
  void go();
}
