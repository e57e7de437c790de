/* A clip is cleared for an audience, and certified: closed by default, opened window by window, rendered, watched, signed. */

import { askReason } from './asking.mjs';
import { ClipPlayer } from './clip_player.mjs';
import { doorsOf, Refused } from './doors.mjs';
import { begun, changed, redone, undone } from './edits.mjs';
import { connectKeys } from './keys.mjs';
import * as plan from './mask_plan.mjs';
import { Mosaic } from './mosaic.mjs';
import { button, part, place, t, told, write, writeSentences } from './page_parts.mjs';
import { Panes } from './panes.mjs';
import { drawSides } from './sides.mjs';
import { clock, Timeline } from './timeline.mjs';
import { making } from './verdict.mjs';
import { firstLeft, leftOf, ran, withStretch } from './watched.mjs';

/** @typedef {import('./doors.mjs').Clip} Clip */
/** @typedef {import('./mask_plan.mjs').Mask} Mask */
/** @typedef {import('./mask_plan.mjs').Voice} Voice */
/** @typedef {import('./timeline.mjs').Chosen} Chosen */
/** @typedef {{base: Mask, mask: Mask, minor: boolean | null}} Draft */

const POLL_MS = 1_000;
const CLOSES_BEFORE_MS = 60; // the sound is shut so long before its span ends: a picture of the screen later would be too late
const APART_MS = 120; // original and rendered file may be so far from each other
const AGAIN_MS = 1_000; // and are brought together no more often than this
const [STEP, FAR_STEP] = [0.01, 0.05];
const NEW_BOX = { left: 0.35, top: 0.35, right: 0.65, bottom: 0.65 };

writeSentences();
/** @type {Clip} */
let clip = told('ecc-clip');
const doors = doorsOf(`/centre/screening/clips/${encodeURIComponent(clip.id)}`, t);
const draftName = `ecc-mask-${clip.id}`;
const { length_ms } = clip;

let edits = begun(clip.mask);
let { minor } = clip;
/** @type {Chosen} */
let chosen = null;
/** @type {[number | null, number | null]} */
let marks = [null, null];
/** @type {[number, number][]} */
let seen = [];
let [reviews, holding, busy, stale, looked] = [false, false, false, true, false];
let [before_ms, before_at, together_at] = [0, 0, 0];
let [shownFile, ranBefore] = ['', false];

const mask = () => edits.present;
const unsaved = () => clip.may.mask && !(plan.same(mask(), clip.mask) && minor === clip.minor);
const redraw = () => {
  stale = true;
};

/** @param {string} sentence @param {boolean} [bad] */
const say = (sentence, bad = false) => {
  write('said', sentence);
  place('said').dataset.bad = String(bad);
};

const original = new ClipPlayer(clip.from_ms, length_ms, redraw, (why) => say(t(why), true));
const rendered = new ClipPlayer(clip.from_ms, length_ms, redraw, (why) => say(t(why === 'broken' ? 'broken_rendered' : why), true));
const [preview, result] = [new Mosaic(part('canvas', HTMLCanvasElement)), new Mosaic(part('masked', HTMLCanvasElement))];

// --- one time for both pictures

const leads = () => (reviews && rendered.loaded ? rendered : original);
const at_ms = () => Math.round(leads().at_ms);

const pause = () => {
  original.pause();
  rendered.pause();
  redraw();
};

/** @param {number} to_ms */
const seek = (to_ms) => {
  for (const each of [original, rendered]) each.seek(to_ms);
  before_ms = leads().at_ms;
  hear();
};

/** Where it begins once more: a reviewer whose machine has swallowed a stretch need not watch all of it for that one. @param {number} from @param {number} to */
const beginning = (from, to) => {
  const left = reviews && rendered.loaded ? firstLeft(seen, length_ms) : from;
  return from < left && left < to ? left : from;
};

const play = () => {
  const [from, to] = [marks[0] ?? 0, marks[1] ?? length_ms];
  if (leads().at_ms < from || leads().at_ms >= to) seek(beginning(from, to));
  before_ms = leads().at_ms;
  hear(); // not with the next picture: until then it would be heard as where it stood before
  if (reviews && rendered.loaded) rendered.play();
  original.play();
  redraw();
};
const playOrPause = () => (leads().playing ? pause() : leads().loaded && play());

/** @param {number} by_ms */
const step = (by_ms) => {
  pause();
  seek(Math.round(leads().at_ms + by_ms));
};

/** What is heard: of the original what the plan opens, or all of it while its key is held. */
const hear = () => {
  const now = original.at_ms;
  const opened = plan.voiceAt(mask(), now) === 'PLAIN' && plan.voiceAt(mask(), now + CLOSES_BEFORE_MS) === 'PLAIN';
  original.muted = !(holding || (!reviews && opened));
  rendered.muted = holding || !reviews;
};

/** @param {number} now */
const follow = (now) => {
  if (!reviews || !rendered.loaded) return;
  const stretch = ranBefore && !document.hidden ? ran(before_ms, rendered.at_ms, now - before_at) : null;
  if (stretch) seen = withStretch(seen, ...stretch);
  ranBefore = rendered.playing;
  before_ms = rendered.at_ms;
  if (!original.loaded) return;
  if (original.playing && !rendered.playing) original.pause();
  if (Math.abs(original.at_ms - rendered.at_ms) > APART_MS && now - together_at > AGAIN_MS) {
    together_at = now;
    original.seek(rendered.at_ms);
    if (rendered.playing) original.play();
  }
};

const frame = () => {
  const now = performance.now(); // not the picture's own stamp: a busy machine calls long after it
  original.tick(now);
  rendered.tick(now);
  follow(now);
  before_at = now;
  if (leads().playing && marks[1] !== null && leads().at_ms >= marks[1]) {
    pause();
    seek(marks[1]);
  }
  hear();
  if (stale) draw();
  requestAnimationFrame(frame);
};

// --- drawing

let drawnPlan = '';

const draw = () => {
  stale = false;
  const now = at_ms();
  drawPictures(now);
  const shown = panes.withDraft(mask(), now);
  const which = chosen?.kind === 'pane' ? chosen.which : null;
  panes.draw(reviews ? plan.CLOSED : mask(), now, which);
  timeline.at(now);
  write('now', clock(now));
  write('play-word', t(leads().playing ? 'pause' : 'play'));
  button('play').disabled = !leads().loaded;
  const key = JSON.stringify([mask(), chosen, original.holes, reviews ? seen : null, marks]);
  if (key !== drawnPlan) timeline.draw({ mask: mask(), chosen, holes: original.loaded ? original.holes : [], seen: reviews ? seen : null, marks });
  drawnPlan = key;
  drawSign(shown, now);
  const view = { clip, mask: mask(), minor, unsaved: unsaved(), busy, open: looked, chosen, at_ms: now, marks };
  drawSides({ ...view, past: edits.past.length > 0, future: edits.future.length > 0, left_ms: leftOf(seen, length_ms), watched: leftOf(seen, length_ms) === 0 });
};

/** @param {number} now */
const drawPictures = (now) => {
  const { picture } = original;
  if (picture) preview.draw(picture, panes.withDraft(mask(), now), now, holding);
  else if (!original.playing || !original.loaded) preview.blank();
  const hole = looked && original.holes.some(([from, to]) => from <= now && now < to);
  place('door').hidden = looked && !hole;
  if (hole) {
    write('door-word', t('hole'));
    button('look').hidden = true;
  }
  const file = rendered.picture;
  if (file) result.draw(file, plan.CLOSED, now, true);
  place('none').hidden = rendered.loaded;
  write('none-word', t(making(clip) ? 'none_yet' : 'none_rendered'));
  for (const { canvas } of [preview, result]) canvas.parentElement?.style.setProperty('--ratio', String(canvas.width / canvas.height));
};

/** @param {Mask} shown @param {number} now */
const drawSign = (shown, now) => {
  const voice = plan.voiceAt(shown, now);
  const sign = place('sign');
  sign.hidden = !holding && !voice;
  write('sign', holding ? t('sign.hold') : voice ? t(`sign.${voice}`) : '');
  write('original-name', t(holding ? 'original_open' : 'original'));
  document.body.dataset.open = String(holding);
};

// --- changing the plan

/** @param {Mask} next @param {Chosen} [choose] */
const change = (next, choose) => {
  if (!clip.may.mask) return;
  if (plan.tooMuch(next)) return say(t('too_much', { windows: plan.WINDOWS_MOST, keys: plan.KEYS_MOST, spans: plan.SPANS_MOST }), true);
  edits = changed(edits, next);
  say(''); // what was said of the plan before is over
  settle(choose === undefined ? chosen : choose);
};

/** What is chosen stays so only while it is there. @param {Chosen} wanted */
const settle = (wanted) => {
  const there = wanted?.kind === 'pane' ? mask().windows[wanted.which] : wanted ? mask().sounds[wanted.which] : null;
  chosen = there ? wanted : null;
  const span = chosen?.kind === 'sound' ? mask().sounds[chosen.which] : undefined;
  if (span) for (const each of voices()) each.checked = each.value === span[2];
  keep();
  redraw();
};

const voices = () => [...document.querySelectorAll('input[name=voice]')].filter((each) => each instanceof HTMLInputElement);
const voice = () => /** @type {Voice} */ (voices().find((each) => each.checked)?.value ?? 'PLAIN');
/** @param {number} since */
const soundAt = (since) => mask().sounds.findIndex((span) => span[0] === since);

/** @param {'begin' | 'end'} side */
const bound = (side) => {
  const now = at_ms();
  if (chosen?.kind === 'pane' && !reviews) change(side === 'begin' ? plan.begunAt(mask(), chosen.which, now) : plan.endedAt(mask(), chosen.which, now));
  else if (chosen?.kind === 'sound' && !reviews) change(plan.soundMoved(mask(), chosen.which, side === 'begin' ? 'from' : 'to', now, length_ms));
  else if (side === 'begin') marks = [now, marks[1] !== null && marks[1] <= now ? null : marks[1]];
  else marks = [marks[0] !== null && marks[0] >= now ? null : marks[0], now];
  redraw();
};

/** @param {import('./mask_plan.mjs').Box} box */
const open = (box) => change(plan.opened(mask(), at_ms(), box, length_ms), { kind: 'pane', which: mask().windows.length });
const drop = () => {
  if (chosen?.kind === 'pane') change(plan.withoutPane(mask(), chosen.which), null);
  else if (chosen?.kind === 'sound') change(plan.withoutSound(mask(), chosen.which), null);
};
const copy = () => chosen?.kind === 'pane' && change(plan.copied(mask(), chosen.which), { kind: 'pane', which: mask().windows.length });
const dropKey = () => chosen?.kind === 'pane' && change(plan.withoutKey(mask(), chosen.which, at_ms()));
const soundFrom = () => {
  const now = at_ms();
  change(plan.soundFrom(mask(), now, voice(), length_ms));
  const which = soundAt(now);
  if (which >= 0) settle({ kind: 'sound', which });
};
const soundTo = () => change(plan.soundTo(mask(), at_ms()));
const undo = () => {
  edits = undone(edits);
  settle(chosen);
};
const redo = () => {
  edits = redone(edits);
  settle(chosen);
};
const turn = async () => {
  if (mask().why !== null) return change(plan.turned(mask(), null));
  const why = await askReason(t('turn_title'), t('turn_ask'), t('turn_yes'));
  if (why !== null) change(plan.turned(mask(), why));
};

/** @param {Chosen} wanted */
const choose = (wanted) => {
  if (wanted?.kind === chosen?.kind && wanted?.which === chosen?.which) return;
  settle(wanted);
};

/** An arrow: a chosen window goes; without one the time does. @param {number} dx @param {number} dy @param {KeyboardEvent} event */
const arrow = (dx, dy, event) => {
  const pane = chosen?.kind === 'pane' && !reviews ? mask().windows[chosen.which] : undefined;
  const box = pane ? plan.boxAt(pane, at_ms()) : null;
  const far = event.shiftKey ? FAR_STEP : STEP;
  if (box && chosen) change(plan.placed(mask(), chosen.which, at_ms(), plan.pushed(box, dx * far, dy * far)));
  else if (dx && !pane) step(dx * 1000);
};
/** Ctrl and an arrow: its right or lower side goes. @param {number} dx @param {number} dy @param {KeyboardEvent} event */
const stretch = (dx, dy, event) => {
  const pane = chosen?.kind === 'pane' && !reviews ? mask().windows[chosen.which] : undefined;
  const box = pane ? plan.boxAt(pane, at_ms()) : null;
  const far = event.shiftKey ? FAR_STEP : STEP;
  if (box && chosen) change(plan.placed(mask(), chosen.which, at_ms(), plan.stretched(box, dx ? 'e' : 's', dx * far, dy * far)));
};

// --- what was not saved outlives the page

const keep = () => {
  try {
    if (unsaved()) sessionStorage.setItem(draftName, JSON.stringify({ base: clip.mask, mask: mask(), minor }));
    else sessionStorage.removeItem(draftName);
  } catch { /* a browser that keeps nothing still asks before it leaves */ }
};

const restore = () => {
  /** @type {Draft | null} */
  let draft = null;
  try {
    draft = JSON.parse(sessionStorage.getItem(draftName) ?? 'null');
  } catch { /* nothing that can be read is nothing */ }
  if (!draft || !clip.may.mask || !plan.same(draft.base, clip.mask)) return;
  edits = changed(edits, draft.mask);
  ({ minor } = draft);
  if (unsaved()) say(t('restored'));
};

// --- the server

/** What the server says the clip is now. Changes of ours that it does not know stay. @param {Clip} told @param {boolean} [mine] it says what we have just saved */
const adopt = (told, mine = false) => {
  const [ours, was] = [unsaved(), clip];
  const other = !plan.same(told.mask, was.mask);
  clip = told;
  if (!ours) {
    if (other) edits = begun(told.mask);
    ({ minor } = told);
  } else if (other && !mine) say(t('changed_mask'), true);
  if ((told.sha256 ?? '') !== shownFile) showFile(told.sha256 ?? '');
  settle(chosen);
  watchMaking();
};

/** @param {string} sha256 */
const showFile = (sha256) => {
  [shownFile, seen] = [sha256, []];
  const files = sha256 ? [{ src: doors.masked(sha256), began_ms: clip.from_ms, duration_ms: length_ms, form: 'webm' }] : [];
  const at = original.at_ms;
  rendered.unload();
  rendered.load(files);
  rendered.seek(at);
};

/** @param {() => Promise<Clip>} ask @param {string} [done] @param {boolean} [mine] */
const tell = async (ask, done, mine = false) => {
  if (busy) return false;
  busy = true;
  redraw();
  try {
    adopt(await ask(), mine);
    if (done) say(t(done));
    return true;
  } catch (error) {
    await refused(error);
    return false;
  } finally {
    busy = false;
    redraw();
  }
};

/** @param {unknown} error */
const refused = async (error) => {
  const sentence = error instanceof Refused ? error.message : t('failed');
  say(sentence, true);
  if (!(error instanceof Refused) || !error.changedMeanwhile) return;
  try {
    const was = JSON.stringify(clip);
    adopt(await doors.state());
    say(JSON.stringify(clip) === was ? sentence : t('changed_meanwhile', { sentence }), true);
  } catch { /* the sentence above stands */ }
};

let again = 0;
const watchMaking = () => {
  clearTimeout(again);
  if (making(clip)) again = setTimeout(() => doors.state().then((told) => adopt(told), (error) => {
    say(error instanceof Refused ? error.message : t('failed'), true);
    watchMaking();
  }), POLL_MS);
};

const save = () => {
  const [said, answered] = [mask(), minor];
  return tell(async () => {
    const saved = await doors.mask(said, answered);
    // the server may round what it keeps: what was saved is what stands here
    if (plan.same(mask(), said)) edits = { ...edits, present: saved.mask };
    return saved;
  }, 'saved', true);
};

const render = async () => {
  if (button('render').dataset.next === 'to_review') return review(true);
  if (unsaved() && !await save()) return;
  await tell(() => doors.render());
};

const revoke = async () => {
  const why = await askReason(t('revoke_title'), t('revoke_ask'), t('revoke_yes'));
  if (why !== null) await tell(() => doors.revoke(why), 'revoked');
};

const look = async () => {
  write('door-word', t('looking'));
  button('look').hidden = true;
  try {
    const { segments } = await doors.look();
    looked = segments.length > 0;
    if (looked) original.load(segments);
    write('door-word', t('look_empty'));
  } catch (error) {
    write('door-word', error instanceof Refused ? error.message : t('failed'));
    button('look').hidden = false;
  }
  redraw();
};

/** @param {boolean} on */
const review = (on) => {
  const at = at_ms();
  pause();
  reviews = on;
  document.body.dataset.mode = on ? 'review' : 'edit';
  button('to-edit').setAttribute('aria-pressed', String(!on));
  button('to-review').setAttribute('aria-pressed', String(on));
  seek(on && !seen.length ? 0 : at); // whoever reviews begins at the beginning
  redraw();
};

/** @param {boolean} on */
const hold = (on) => {
  holding = on && original.loaded;
  button('hold').setAttribute('aria-pressed', String(holding));
  hear();
  redraw();
};

// --- connecting

const panes = new Panes(place('over'), {
  begin: () => {
    if (!clip.may.mask || !looked || reviews || holding) return false;
    pause();
    return true;
  },
  choose: (which) => choose(which === null ? null : { kind: 'pane', which }),
  open,
  place: (which, box) => change(plan.placed(mask(), which, at_ms(), box)),
  box: (which) => {
    const pane = mask().windows[which];
    return pane ? plan.boxAt(pane, at_ms()) : null;
  },
  redraw,
}, t);

const steps = {
  /** @param {number} to_ms */
  seek: (to_ms) => {
    pause();
    seek(to_ms);
  },
  choose,
};
const timeline = new Timeline(place('ruler'), place('lanes'), place('head'), length_ms, steps, t);

/** @type {Record<string, () => unknown>} */
const pressed = {
  'to-edit': () => review(false), 'to-review': () => review(true), look, play: playOrPause, 'back-1': () => step(-1000), 'next-1': () => step(1000),
  'back-frame': () => step(-original.frame_ms), 'next-frame': () => step(original.frame_ms), begin: () => bound('begin'), end: () => bound('end'),
  new: () => open(NEW_BOX), copy, drop, 'drop-key': dropKey, 'sound-from': soundFrom, 'sound-to': soundTo, undo, redo, turn, save, render, revoke,
  cancel: () => tell(() => doors.cancel(), 'cancelled'), propose: () => tell(() => doors.propose(), 'proposed'),
  certify: () => tell(() => doors.certify(shownFile), 'certified'),
};
for (const [id, act] of Object.entries(pressed)) button(id).addEventListener('click', act);

/** A key does what its button does, and nothing that the button would refuse. @param {string} id */
const press = (id) => () => {
  if (stale) draw(); // faster than the screen: what was just done counts
  if (!button(id).disabled && (!reviews || !button(id).closest('.edit-only'))) button(id).click();
};
connectKeys({
  ' ': press('play'), ',': press('back-frame'), '.': press('next-frame'), '[': () => bound('begin'), ']': () => bound('end'), n: press('new'), c: press('copy'),
  k: press('drop-key'), Delete: press('drop'), Backspace: press('drop'), s: press('sound-from'), e: press('sound-to'), 'Ctrl+z': press('undo'),
  'Ctrl+Shift+z': press('redo'), 'Ctrl+y': press('redo'), 'Ctrl+s': press('save'), o: () => hold(true), Home: () => steps.seek(0), End: () => steps.seek(length_ms),
  Escape: () => {
    if (panes.giveUp()) return;
    if (chosen) choose(null);
    else marks = [null, null];
    redraw();
  },
  ...Object.fromEntries([['ArrowLeft', -1, 0], ['ArrowRight', 1, 0], ['ArrowUp', 0, -1], ['ArrowDown', 0, 1]].flatMap(([key, dx, dy]) => [
    [`${key}`, (/** @type {KeyboardEvent} */ event) => arrow(Number(dx), Number(dy), event)], [`Shift+${key}`, (/** @type {KeyboardEvent} */ event) => arrow(Number(dx), Number(dy), event)],
    [`Ctrl+${key}`, (/** @type {KeyboardEvent} */ event) => stretch(Number(dx), Number(dy), event)], [`Ctrl+Shift+${key}`, (/** @type {KeyboardEvent} */ event) => stretch(Number(dx), Number(dy), event)],
  ])),
}, () => part('reasons', HTMLDialogElement).open);

document.addEventListener('keyup', (event) => event.key.toLowerCase() === 'o' && hold(false));
button('hold').addEventListener('pointerdown', (event) => {
  button('hold').setPointerCapture(event.pointerId);
  hold(true);
});
for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) button('hold').addEventListener(name, () => hold(false));
button('hold').addEventListener('keydown', (event) => (event.key === ' ' || event.key === 'Enter') && hold(true));
button('hold').addEventListener('keyup', () => hold(false));
window.addEventListener('blur', () => hold(false));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) return;
  hold(false);
  pause();
});
for (const each of voices()) each.addEventListener('change', () => chosen?.kind === 'sound' && change(plan.voiced(mask(), chosen.which, voice())));
for (const each of document.querySelectorAll('input[name=minor]')) each.addEventListener('change', () => {
  if (each instanceof HTMLInputElement && each.checked) minor = each.value === 'true';
  keep();
  redraw();
});
window.addEventListener('beforeunload', (event) => unsaved() && event.preventDefault());

write('title', clip.title);
write('words', clip.words);
write('length', t('length', { time: clock(length_ms) }));
write('door-word', t('look_word'));
document.title = t('title');
restore();
if (clip.sha256) showFile(clip.sha256);
review(Boolean(clip.sha256) && !unsaved());
watchMaking();
requestAnimationFrame(frame);
