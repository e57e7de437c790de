/* The windows as they lie on the picture: drawn, taken hold of, pushed and stretched. What comes of it the page decides. */

import { boxAt, boxBetween, pushed, stretched } from './mask_plan.mjs';

/** @typedef {import('./mask_plan.mjs').Mask} Mask */
/** @typedef {import('./mask_plan.mjs').Box} Box */
/** @typedef {{kind: 'new' | 'move' | 'stretch', which: number, corner: string, x: number, y: number, box: Box | null, draft: Box | null}} Hold */
/** @typedef {{begin: () => boolean, choose: (which: number | null) => void, open: (box: Box) => void, place: (which: number, box: Box) => void, box: (which: number) => Box | null, redraw: () => void}} Hands */

const CORNERS = ['nw', 'ne', 'sw', 'se'];
const DRAG_LEAST = 0.012; // of the picture: less was a touch, no window

/** @param {string} name @param {string} [text] */
const element = (name, text = '') => Object.assign(document.createElement('div'), { className: name, textContent: text });

export class Panes {
  /** @type {HTMLDivElement[]} */
  #drawn = [];
  /** @type {Hold | null} */
  #hold = null;
  #ghost = element('pane');

  /** @param {HTMLElement} over the layer above the picture @param {Hands} hands @param {(key: string, holes: Record<string, string | number>) => string} t */
  constructor(over, hands, t) {
    this.over = over;
    this.hands = hands;
    this.t = t;
    over.addEventListener('pointerdown', (event) => this.#down(event));
    over.addEventListener('pointermove', (event) => this.#move(event));
    over.addEventListener('pointerup', () => this.#up(true));
    over.addEventListener('pointercancel', () => this.#up(false));
    this.#ghost.dataset.chosen = 'true';
  }

  /** What is being drawn at this moment, to show the picture so already. @param {Mask} mask @param {number} at_ms @returns {Mask} */
  withDraft(mask, at_ms) {
    const hold = this.#hold;
    if (!hold?.draft) return mask;
    /** @type {import('./mask_plan.mjs').Pane} */
    const pane = [[at_ms, hold.draft.left, hold.draft.top, hold.draft.right, hold.draft.bottom]];
    const windows = hold.kind === 'new' ? [...mask.windows, pane] : mask.windows.map((each, number) => (number === hold.which ? pane : each));
    return { ...mask, windows };
  }

  /** Whether a drag was under way and is given up. */
  giveUp() {
    const held = this.#hold !== null;
    this.#up(false);
    return held;
  }

  /** @param {Mask} mask @param {number} at_ms @param {number | null} chosen */
  draw(mask, at_ms, chosen) {
    while (this.#drawn.length > mask.windows.length) this.#drawn.pop()?.remove();
    mask.windows.forEach((pane, number) => {
      const shown = this.#drawn[number] ?? this.#made(number);
      const box = this.#hold && this.#hold.which === number && this.#hold.draft ? this.#hold.draft : boxAt(pane, at_ms);
      shown.hidden = !box;
      shown.dataset.chosen = String(number === chosen);
      shown.dataset.hides = String(mask.why !== null);
      const name = this.t(mask.why === null ? 'window' : 'cover', { n: number + 1 });
      shown.setAttribute('aria-label', name);
      if (shown.firstElementChild) shown.firstElementChild.textContent = name;
      if (box) lay(shown, box);
    });
    const draft = this.#hold?.kind === 'new' ? this.#hold.draft : null;
    this.#ghost.hidden = !draft;
    this.#ghost.dataset.hides = String(mask.why !== null);
    if (draft) lay(this.#ghost, draft);
    if (!this.#ghost.isConnected) this.over.append(this.#ghost);
  }

  /** @param {number} number */
  #made(number) {
    const made = element('pane');
    made.tabIndex = 0;
    made.dataset.number = String(number);
    made.setAttribute('role', 'group');
    made.append(element('name'), ...CORNERS.map((corner) => Object.assign(element('corner'), { title: '' })));
    made.querySelectorAll('.corner').forEach((each, at) => each instanceof HTMLElement && (each.dataset.corner = CORNERS[at]));
    made.addEventListener('focus', () => this.hands.choose(number));
    this.over.append(made);
    this.#drawn.push(made);
    return made;
  }

  /** @param {PointerEvent} event @returns {[number, number]} */
  #at(event) {
    const frame = this.over.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !(event.target instanceof HTMLElement) || !this.hands.begin()) return;
    const [x, y] = this.#at(event);
    const shown = event.target.closest('.pane');
    const which = shown instanceof HTMLElement ? Number(shown.dataset.number) : -1;
    const corner = event.target.dataset.corner ?? '';
    event.preventDefault(); // no selecting of text, and the focus stays ours
    if (shown instanceof HTMLElement) shown.focus({ preventScroll: true });
    else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    this.hands.choose(which < 0 ? null : which);
    this.#hold = { kind: which < 0 ? 'new' : corner ? 'stretch' : 'move', which, corner, x, y, box: which < 0 ? null : this.hands.box(which), draft: null };
    this.over.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const hold = this.#hold;
    if (!hold) return;
    const [x, y] = this.#at(event);
    const far = Math.abs(x - hold.x) > DRAG_LEAST || Math.abs(y - hold.y) > DRAG_LEAST;
    if (!far && !hold.draft) return;
    if (hold.kind === 'new') hold.draft = boxBetween(hold.x, hold.y, x, y);
    else if (hold.box) hold.draft = hold.kind === 'move' ? pushed(hold.box, x - hold.x, y - hold.y) : stretched(hold.box, hold.corner, x - hold.x, y - hold.y);
    this.hands.redraw();
  }

  /** @param {boolean} meant */
  #up(meant) {
    const hold = this.#hold;
    this.#hold = null;
    if (!hold) return;
    if (meant && hold.draft && hold.kind === 'new') this.hands.open(hold.draft);
    else if (meant && hold.draft) this.hands.place(hold.which, hold.draft);
    this.hands.redraw();
  }
}

/** @param {HTMLElement} shown @param {Box} box */
const lay = (shown, box) => {
  shown.style.left = `${box.left * 100}%`;
  shown.style.top = `${box.top * 100}%`;
  shown.style.width = `${(box.right - box.left) * 100}%`;
  shown.style.height = `${(box.bottom - box.top) * 100}%`;
};
