/* The clip's time as lanes: one for each window with its keys, one for the sound, one for what was watched; a playhead over all. */

/** @typedef {import('./mask_plan.mjs').Mask} Mask */
/** @typedef {{kind: 'pane' | 'sound', which: number} | null} Chosen */
/** @typedef {{mask: Mask, chosen: Chosen, holes: [number, number][], seen: [number, number][] | null, marks: [number | null, number | null]}} Shown */
/** @typedef {{seek: (at_ms: number) => void, choose: (chosen: Chosen) => void}} Steps */

const TICKS_MOST = 12;
const TICK_STEPS_S = [0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120];

/** m:ss.mmm as digits of equal width. @param {number} ms @param {boolean} [short] */
export const clock = (ms, short = false) => {
  const whole = Math.max(0, Math.round(ms));
  const [minutes, seconds] = [Math.floor(whole / 60_000), Math.floor(whole / 1000) % 60].map((each) => String(each).padStart(2, '0'));
  return short ? `${minutes}:${seconds}` : `${minutes}:${seconds}.${String(whole % 1000).padStart(3, '0')}`;
};

/** @template {keyof HTMLElementTagNameMap} K @param {K} tag @param {string} name */
const made = (tag, name) => {
  const element = document.createElement(tag);
  element.className = name;
  return element;
};

export class Timeline {
  /** @param {HTMLElement} ruler @param {HTMLElement} lanes @param {HTMLElement} head @param {number} length_ms @param {Steps} steps @param {(key: string, holes?: Record<string, string | number>) => string} t */
  constructor(ruler, lanes, head, length_ms, steps, t) {
    this.ruler = ruler;
    this.lanes = lanes;
    this.head = head;
    this.length_ms = length_ms;
    this.steps = steps;
    this.t = t;
    ruler.setAttribute('aria-valuemin', '0');
    ruler.setAttribute('aria-valuemax', String(length_ms));
    const step = (TICK_STEPS_S.find((each) => length_ms / 1000 / each <= TICKS_MOST) ?? 300) * 1000;
    for (let at = 0; at <= length_ms; at += step) {
      const tick = made('i', 'tick');
      tick.textContent = clock(at, step >= 1000);
      if (at > length_ms * 0.96) tick.dataset.last = 'true';
      this.#lay(tick, at, at);
      ruler.append(tick);
    }
    for (const each of [ruler, lanes]) this.#scrubs(each);
  }

  /** @param {number} at_ms */
  at(at_ms) {
    this.head.style.left = `${at_ms / this.length_ms * 100}%`;
    this.ruler.setAttribute('aria-valuenow', String(Math.round(at_ms)));
    this.ruler.setAttribute('aria-valuetext', clock(at_ms));
  }

  /** @param {Shown} shown */
  draw(shown) {
    const there = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.there : undefined;
    const { mask, chosen } = shown;
    const rows = mask.windows.map((pane, which) => this.#pane(pane, which, chosen?.kind === 'pane' && chosen.which === which, mask.why !== null));
    rows.push(this.#sounds(mask, chosen));
    if (shown.seen) rows.push(this.#seen(shown.seen));
    this.lanes.replaceChildren(...rows);
    for (const old of this.ruler.querySelectorAll('.hole, .mark')) old.remove();
    for (const [from, to] of shown.holes) this.ruler.append(this.#lay(made('i', 'hole'), from, to));
    const [from, to] = shown.marks;
    if (from !== null || to !== null) this.ruler.append(this.#lay(made('i', 'mark'), from ?? 0, to ?? this.length_ms));
    if (there) /** @type {HTMLElement | null} */ (this.lanes.querySelector(`[data-there="${there}"]`))?.focus({ preventScroll: true });
  }

  /** @param {HTMLElement} bar @param {number} from @param {number} to */
  #lay(bar, from, to) {
    bar.style.left = `${from / this.length_ms * 100}%`;
    if (to > from) bar.style.width = `${(to - from) / this.length_ms * 100}%`;
    return bar;
  }

  /** @param {string} there @param {string} text @param {boolean} chosen @param {() => void} choose */
  #row(there, text, chosen, choose) {
    const [row, name, track] = [made('div', 'lane'), made('button', 'lane-name'), made('div', 'track')];
    name.type = 'button';
    name.textContent = text;
    name.dataset.there = there;
    name.setAttribute('aria-pressed', String(chosen));
    name.addEventListener('click', choose);
    row.append(name, track);
    return { row, track };
  }

  /** @param {import('./mask_plan.mjs').Pane} pane @param {number} which @param {boolean} chosen @param {boolean} hides */
  #pane(pane, which, chosen, hides) {
    const [from, to] = [pane[0]?.[0] ?? 0, pane.at(-1)?.[0] ?? 0];
    const choose = () => this.steps.choose({ kind: 'pane', which });
    const { row, track } = this.#row(`pane-${which}`, this.t(hides ? 'cover' : 'window', { n: which + 1 }), chosen, choose);
    const bar = this.#lay(made('div', 'bar'), from, to);
    Object.assign(bar.dataset, { chosen: String(chosen), hides: String(hides) });
    bar.addEventListener('pointerdown', choose);
    const keys = pane.map(([at_ms], number) => this.#key(at_ms, which, number, choose));
    track.append(bar, ...keys);
    return row;
  }

  /** @param {number} at_ms @param {number} which @param {number} number @param {() => void} choose */
  #key(at_ms, which, number, choose) {
    const key = made('button', 'key');
    key.type = 'button';
    key.dataset.there = `key-${which}-${number}`;
    key.title = this.t('key', { at: clock(at_ms) });
    key.setAttribute('aria-label', key.title);
    key.addEventListener('pointerdown', (event) => event.stopPropagation());
    key.addEventListener('click', () => {
      choose();
      this.steps.seek(at_ms);
    });
    return this.#lay(key, at_ms, at_ms);
  }

  /** @param {Mask} mask @param {Chosen} chosen */
  #sounds(mask, chosen) {
    const { row, track } = this.#row('sound', this.t('sound'), chosen?.kind === 'sound', () => mask.sounds.length && this.steps.choose({ kind: 'sound', which: 0 }));
    row.dataset.kind = 'sound';
    track.append(...mask.sounds.map(([from_ms, to_ms, voice], which) => {
      const span = this.#lay(made('button', 'span'), from_ms, to_ms);
      if (span instanceof HTMLButtonElement) span.type = 'button';
      Object.assign(span.dataset, { voice, there: `sound-${which}`, chosen: String(chosen?.kind === 'sound' && chosen.which === which) });
      span.textContent = this.t(`voice.${voice}`);
      span.setAttribute('aria-label', this.t('span', { voice: this.t(`voice.${voice}`), from: clock(from_ms), to: clock(to_ms) }));
      span.addEventListener('click', () => this.steps.choose({ kind: 'sound', which }));
      return span;
    }));
    return row;
  }

  /** @param {[number, number][]} seen */
  #seen(seen) {
    const { row, track } = this.#row('seen', this.t('seen'), false, () => {});
    row.dataset.kind = 'seen';
    track.append(...seen.map(([from, to]) => this.#lay(made('div', 'run'), from, to)));
    return row;
  }

  /** @param {HTMLElement} within */
  #scrubs(within) {
    /** @param {PointerEvent} event */
    const go = (event) => {
      const frame = this.ruler.getBoundingClientRect();
      this.steps.seek(Math.round(Math.min(Math.max((event.clientX - frame.left) / frame.width, 0), 1) * this.length_ms));
    };
    within.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !(event.target instanceof HTMLElement) || event.target.closest('button')) return;
      event.preventDefault();
      within.setPointerCapture(event.pointerId);
      go(event);
    });
    within.addEventListener('pointermove', (event) => within.hasPointerCapture(event.pointerId) && go(event));
  }
}
