/* A part is chosen on the player: I sets where it begins, O where it ends; then it is cut and goes to be masked. */

import { ask } from './ask.mjs';
import { ClipPlayer } from './clip_player.mjs';
import { fault, withIn, withOut } from './cut_marks.mjs';
import { connectKeys } from './keys.mjs';
import { button, part, place, t, told, write, writeSentences } from './page_parts.mjs';
import { clock, Timeline } from './timeline.mjs';

/** @typedef {{recording: string, began_ms: number, length_ms: number, least_ms: number, most_ms: number}} Source */

const [SECOND_MS, TIGHT_PX] = [1_000, 110];

writeSentences();
/** @type {Source} */
const source = told('ecc-source');
const { length_ms } = source;
const canvas = part('canvas', HTMLCanvasElement);
const [from, to] = [part('from', HTMLInputElement), part('to', HTMLInputElement)];
const [title, words, tag] = [part('title', HTMLInputElement), part('words', HTMLInputElement), part('tag', HTMLSelectElement)];

let marks = { in_ms: 0, out_ms: Math.min(length_ms, source.most_ms) };
/** @type {number | null} where playing of the part stops */
let until = null;
let [stale, busy] = [true, false];

/** @param {string} sentence @param {boolean} [bad] */
const say = (sentence, bad = false) => {
  write('said', sentence);
  place('said').dataset.bad = String(bad);
};

const player = new ClipPlayer(source.began_ms, length_ms, () => { stale = true; }, (why) => say(t(why), true));

/** @param {number} at_ms */
const seek = (at_ms) => {
  until = null;
  player.seek(at_ms);
};
/** @param {number} by_ms */
const step = (by_ms) => {
  player.pause();
  seek(Math.round(player.at_ms + by_ms));
};
const playOrPause = () => {
  until = null;
  if (player.playing) player.pause();
  else player.play();
  stale = true;
};
const playSpan = () => {
  if (!player.loaded) return;
  player.seek(marks.in_ms);
  until = marks.out_ms;
  player.play();
  stale = true;
};

/** @param {{in_ms: number, out_ms: number}} next */
const mark = (next) => {
  marks = next;
  stale = true;
};
const setIn = () => mark(withIn(marks, player.at_ms, length_ms));
const setOut = () => mark(withOut(marks, player.at_ms, length_ms));
const hush = () => {
  player.muted = !player.muted;
  stale = true;
};

const line = new Timeline(place('ruler'), place('span'), place('head'), length_ms, { seek, choose: () => {} }, t);

// --- drawing

const picture = () => {
  const shown = player.picture;
  place('hole').hidden = !player.loaded || shown !== null || player.holes.every(([begin, end]) => player.at_ms < begin || player.at_ms >= end);
  if (!shown || !shown.videoWidth) return;
  if (canvas.width !== shown.videoWidth || canvas.height !== shown.videoHeight) {
    [canvas.width, canvas.height] = [shown.videoWidth, shown.videoHeight];
    canvas.parentElement?.style.setProperty('--ratio', String(shown.videoWidth / shown.videoHeight));
  }
  canvas.getContext('2d')?.drawImage(shown, 0, 0, canvas.width, canvas.height);
};

/** @param {HTMLInputElement} field @param {number} at_ms */
const typed = (field, at_ms) => {
  if (document.activeElement !== field) field.value = (at_ms / 1000).toFixed(3);
};

const edges = () => {
  const wide = place('span').getBoundingClientRect().width;
  const tight = (marks.out_ms - marks.in_ms) / length_ms * wide < TIGHT_PX;
  for (const [id, at_ms, key] of /** @type {[string, number, string][]} */ ([['in-mark', marks.in_ms, 'in_at'], ['out-mark', marks.out_ms, 'out_at']])) {
    const edge = button(id);
    edge.style.left = `${at_ms / length_ms * 100}%`;
    edge.dataset.tight = String(tight);
    edge.setAttribute('aria-label', t(key, { at: clock(at_ms) }));
  }
  const chosen = place('chosen');
  chosen.style.left = `${marks.in_ms / length_ms * 100}%`;
  chosen.style.width = `${(marks.out_ms - marks.in_ms) / length_ms * 100}%`;
};

const draw = () => {
  stale = false;
  picture();
  line.at(player.at_ms);
  edges();
  typed(from, marks.in_ms);
  typed(to, marks.out_ms);
  write('now', clock(player.at_ms));
  write('play-word', t(player.playing ? 'pause' : 'play'));
  button('sound').setAttribute('aria-pressed', String(!player.muted));
  for (const id of ['play', 'back-1', 'back-frame', 'next-frame', 'next-1', 'listen', 'sound']) button(id).disabled = !player.loaded;
  const why = fault(marks, source.least_ms, source.most_ms);
  write('lasts', clock(marks.out_ms - marks.in_ms));
  write('lasts-word', why ? t(why, { least: source.least_ms / 1000, most: source.most_ms / 60_000 }) : '');
  write('go-word', why ? t('go_fault') : player.loaded ? '' : t('go_look'));
  button('go').disabled = busy || why !== '' || !player.loaded;
};

const frame = () => {
  player.tick(performance.now());
  if (until !== null && player.at_ms >= until) {
    player.pause();
    seek(until);
  }
  if (stale) draw();
  requestAnimationFrame(frame);
};

// --- what is pressed

button('look').addEventListener('click', async () => {
  button('look').disabled = true;
  try {
    const { segments } = await ask('/cut/look', { recording: source.recording });
    player.load(segments);
    place('door').hidden = true;
    say(t('audited'));
    button('play').focus();
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
  }
  button('look').disabled = false;
  stale = true;
});

/** @param {string} id @param {() => void} act */
const press = (id, act) => button(id).addEventListener('click', act);
press('play', playOrPause);
press('back-1', () => step(-SECOND_MS));
press('next-1', () => step(SECOND_MS));
press('back-frame', () => step(-player.frame_ms));
press('next-frame', () => step(player.frame_ms));
press('set-in', setIn);
press('set-out', setOut);
press('listen', playSpan);
press('sound', hush);

/** An edge is drawn along the line, or moved by arrows. @param {string} id @param {(marks: {in_ms: number, out_ms: number}, at_ms: number, length_ms: number) => {in_ms: number, out_ms: number}} moved @param {() => number} at */
const drags = (id, moved, at) => {
  const edge = button(id);
  edge.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    edge.setPointerCapture(event.pointerId);
  });
  edge.addEventListener('pointermove', (event) => {
    if (!edge.hasPointerCapture(event.pointerId)) return;
    const frame = place('span').getBoundingClientRect();
    mark(moved(marks, (event.clientX - frame.left) / frame.width * length_ms, length_ms));
    player.pause();
    seek(at());
  });
  edge.addEventListener('click', () => seek(at()));
  edge.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    mark(moved(marks, at() + by * (event.shiftKey ? SECOND_MS : player.frame_ms), length_ms));
    player.pause();
    seek(at());
  });
};
drags('in-mark', withIn, () => marks.in_ms);
drags('out-mark', withOut, () => marks.out_ms);

/** @param {HTMLInputElement} field @param {(marks: {in_ms: number, out_ms: number}, at_ms: number, length_ms: number) => {in_ms: number, out_ms: number}} moved */
const types = (field, moved) => field.addEventListener('change', () => {
  if (field.value !== '') mark(moved(marks, Number(field.value) * 1000, length_ms));
  field.blur();
  stale = true;
});
types(from, withIn);
types(to, withOut);

part('cut', HTMLFormElement).addEventListener('submit', async (event) => {
  event.preventDefault();
  if (button('go').disabled) return;
  [busy, stale] = [true, true];
  try {
    const { id } = await ask('/cut', {
      recording: source.recording, from_ms: source.began_ms + marks.in_ms, to_ms: source.began_ms + marks.out_ms,
      title: title.value, words: words.value || null, tag: tag.value,
    });
    location.assign(`/centre/screening/clips/${id}`);
  } catch (error) {
    say(error instanceof Error ? error.message : t('failed'), true);
    [busy, stale] = [false, true];
  }
});

connectKeys({
  ' ': playOrPause, i: setIn, o: setOut, p: playSpan, m: hush, k: playOrPause,
  ArrowLeft: () => step(-player.frame_ms), ArrowRight: () => step(player.frame_ms),
  'Shift+ArrowLeft': () => step(-SECOND_MS), 'Shift+ArrowRight': () => step(SECOND_MS),
  Home: () => seek(0), End: () => seek(length_ms),
}, () => false);
addEventListener('resize', () => { stale = true; });
write('length', `/ ${clock(length_ms)}`);
button('look').disabled = false; // pressed before, nobody would have heard it
requestAnimationFrame(frame);
