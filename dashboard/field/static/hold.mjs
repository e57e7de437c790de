// Holding a button long enough: by finger, pen, mouse or keyboard. A glove that trembles, or slides off, goes on holding.

/**
 * @param {HTMLElement} button
 * @param {{ms: number, may: () => boolean, onStart: () => void, onDone: () => void, onEarly: () => void}} given
 * `may`: asked when it begins. Exactly one of `onDone` and `onEarly` follows each `onStart`.
 */
export function whenHeld(button, given) {
  /** @type {number | null} */
  let began = null;
  /** @type {number | null} */
  let pointer = null;
  let timer = 0;

  /** @param {number} at by the event's own clock, so that a busy page measures the finger and not itself */
  const start = (at) => {
    if (began !== null || !given.may()) return;
    began = at;
    // one turn later: a release that already waits in the queue is heard first
    timer = window.setTimeout(() => { timer = window.setTimeout(() => end(true), 0); }, given.ms);
    button.setAttribute('data-holding', '');
    given.onStart();
  };
  /** @param {boolean} long */
  const end = (long) => {
    if (began === null) return;
    began = null;
    pointer = null;
    clearTimeout(timer);
    button.removeAttribute('data-holding');
    if (long) given.onDone();
    else given.onEarly();
  };
  /** @param {number} at */
  const release = (at) => end(began !== null && at - began >= given.ms);

  button.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || pointer !== null) return;
    pointer = event.pointerId;
    try {
      button.setPointerCapture(event.pointerId);
    } catch {
      // a pointer that is already gone: its end comes as pointerup or pointercancel
    }
    start(event.timeStamp);
    if (began === null) pointer = null;
  });
  button.addEventListener('pointerup', (event) => { if (event.pointerId === pointer) release(event.timeStamp); });
  for (const lost of /** @type {const} */ (['pointercancel', 'lostpointercapture'])) {
    button.addEventListener(lost, (event) => { if (event.pointerId === pointer) end(false); });
  }
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long press is ours
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) start(event.timeStamp);
  });
  button.addEventListener('keyup', (event) => { if (event.key === ' ' || event.key === 'Enter') release(event.timeStamp); });
  button.addEventListener('blur', () => { if (pointer === null) end(false); }); // a key let go elsewhere is never heard
  document.addEventListener('visibilitychange', () => { if (document.hidden) end(false); });
}
