// «报修» by one tap, from any face: what the page knows of itself goes with it, never a name, a place or a picture. Imports nothing: phones use it too.

/** @typedef {{ok: boolean, text: string, number: string}} Answer */

const GIVE_UP_MS = 8000;
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

/** Sends it; what comes back is a sentence for the person in any case. @param {string} face @param {Record<string, unknown>} more @param {string} [sentence] @param {string} [offline] what to say when nobody answers @returns {Promise<Answer>} */
export async function report(face, more, sentence, offline = '') {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), GIVE_UP_MS);
  try {
    const body = JSON.stringify({ snapshot: await snapshot(face, more), ...(sentence ? { sentence } : {}) });
    const answer = await fetch(`/faults/report?face=${face}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: giveUp.signal });
    const said = await answer.json();
    return { ok: answer.ok, text: said.text ?? said.error?.text ?? offline, number: said.number ?? '' };
  } catch {
    return { ok: false, text: offline, number: '' };
  } finally {
    clearTimeout(limit);
  }
}
