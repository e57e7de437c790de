// The live picture of a mission on the host's page: who may permit it, its state, and the key that stops it. The host's page beats.

import { Line } from '/centre/assets/modules/passes.mjs';
import { view } from '/centre/assets/modules/whep.mjs';
import { ask } from './ask.mjs';
import { before, inProgramme, isOpen, livePlace, on } from './console_state.mjs';

/** @typedef {import('./console_state.mjs').Screening} Screening @typedef {import('./console_state.mjs').Permit} Permit */

const BEAT_MS = 500; // the server waits two seconds for one

/**
 * @param {Record<string, string>} texts @param {{id: string, mission: string}[]} missions
 * @param {(verb: string, what?: object) => Promise<void>} act @param {(permit: Permit) => void} add into the programme
 */
export function livePart(texts, missions, act, add) {
  /** @param {string} id */
  const el = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const form = /** @type {HTMLFormElement} */ (el('propose'));
  const sure = /** @type {HTMLDialogElement} */ (el('live-sure'));
  /** @type {Screening | null} */
  let said = null;
  let drawn = '';
  let stopping = '';

  const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem('mission'));
  select.replaceChildren(...missions.map(({ id, mission }) => new Option(mission, id)));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const typed = new FormData(form);
    void act('live', { mission: typed.get('mission'), delay_s: Number(typed.get('delay')) });
  });

  /** The clear picture, for the host's eye, without sound: the audience sees what he sees now only after the delay. @type {Line<import('/centre/assets/modules/media_session.mjs').MediaSession> | null} */
  let line = null;
  let watched = '';
  const video = /** @type {HTMLVideoElement} */ (el('clear').querySelector('video'));
  /** @param {Screening} screening */
  const watch = ({ clear }) => {
    const stream = clear?.stream ?? '';
    if (stream === watched) return;
    watched = stream;
    line?.close();
    video.srcObject = null;
    line = clear ? new Line({ call: clear.call, right: 'view', stream }, (pass) => view(video, { ...pass, audio: false, thrifty: true })) : null;
    el('clear').hidden = !clear;
  };

  /** @param {string} permit */
  const stop = (permit) => {
    stopping = permit;
    sure.returnValue = '';
    sure.showModal();
  };
  sure.addEventListener('close', () => { if (sure.returnValue) void act('live-stop', { permit: stopping, cause: sure.returnValue }); });
  el('live-stop').addEventListener('click', () => {
    const permit = said && livePlace(said)?.permit;
    if (permit) stop(permit);
  });

  /** @param {string} label @param {string} name @param {() => void} press */
  function button(label, name, press) {
    const made = document.createElement('button');
    made.textContent = label;
    made.className = name;
    made.addEventListener('click', press);
    return made;
  }

  /** @param {Permit} permit @returns {HTMLElement[]} */
  function signature(permit) {
    if (!['PROPOSED', 'CERTIFIED_1'].includes(permit.state)) return [];
    const words = document.createElement('p');
    words.textContent = texts.live_signed ?? '';
    if (permit.mine) return [words];
    const told = document.createElement('label'), box = document.createElement('input'), sentence = document.createElement('span');
    told.className = 'told-people';
    box.type = 'checkbox';
    sentence.textContent = texts.live_told ?? '';
    told.append(box, sentence);
    const sign = button(texts.live_sign ?? '', 'sign', () => void act('live-certify', { permit: permit.id, told: box.checked }));
    sign.disabled = true;
    box.addEventListener('change', () => { sign.disabled = !box.checked; });
    return [told, sign];
  }

  /** @param {Screening} screening @param {Permit} permit */
  function row(screening, permit) {
    const item = document.createElement('li'), title = document.createElement('b'), about = document.createElement('small');
    item.dataset.state = permit.state;
    title.textContent = permit.mission;
    const why = permit.cause ? texts[`live_cause_${permit.cause}`] : null;
    const delay = (texts.live_seconds ?? '').replace('{s}', String(permit.delay_s));
    about.textContent = [permit.number, delay, texts[`live_state_${permit.state}`], ...permit.certified, why].filter(Boolean).join(' · ');
    item.append(title, about, ...signature(permit));
    if (!isOpen(permit)) return item;
    if (before(screening) && !inProgramme(screening, permit)) item.append(button(texts.live_add ?? '', 'add', () => add(permit)));
    const label = permit.state === 'LIVE' ? texts.live_stop : texts.live_withdraw;
    item.append(button(label ?? '', 'stop', () => stop(permit.id)));
    return item;
  }

  setInterval(() => {
    if (said && livePlace(said)) void ask(`/${said.id}/beat`, {}).catch(() => undefined); // without it the stage goes black by itself
  }, BEAT_MS);

  return {
    /** @param {Screening} screening */
    draw(screening) {
      said = screening;
      el('live-now').hidden = !livePlace(screening);
      el('clear').closest('section')?.classList.toggle('live-now', Boolean(livePlace(screening) && screening.clear));
      watch(screening);
      const now = JSON.stringify([screening.state, screening.permits, screening.places.map((place) => place.permit)]);
      if (now === drawn) return;
      drawn = now;
      el('permits').replaceChildren(...screening.permits.map((permit) => row(screening, permit)));
      el('no-permits').hidden = screening.permits.length > 0;
      const may = before(screening) || on(screening);
      form.hidden = !may || !missions.length;
      el('no-missions').hidden = !may || missions.length > 0;
    },
  };
}
