// How this phone asks the centre: with its cookie, with a time limit, and with one word for how it went.

import { t } from './texts.mjs';

/**
 * `ok`: answered. `refused`: will never be taken. `unknown`: this phone is not signed in. `later`: try again, not before `afterMs`.
 * @typedef {{word: 'ok' | 'refused' | 'unknown' | 'later', status: number, body: any, text: string, afterMs: number}} Outcome
 */

const FINAL = new Set([400, 403, 409, 410, 413, 415, 422]); // 404 is not: while a server starts, or behind a gateway, a door may be missing
const KEEPALIVE_BYTES = 32 * 1024; // browsers let 64 KiB outlive the page, all requests together
const DEFAULT_MS = 10000;

/** @type {import('./clock.mjs').Clock | null} */
let clock = null;
/** @type {(outcome: Outcome, ms: number) => void} */
let listener = () => {};

/**
 * @param {import('./clock.mjs').Clock} theClock
 * @param {(outcome: Outcome, ms: number) => void} onOutcome told of every outcome and how long it took
 */
export function useDoors(theClock, onOutcome) {
  clock = theClock;
  listener = onOutcome;
}

/** @param {string} path @param {number} [limitMs] */
export const get = (path, limitMs) => ask(path, { method: 'GET' }, limitMs);

/** @param {string} path @param {object} message @param {number} [limitMs] */
export function post(path, message, limitMs) {
  const body = JSON.stringify(message);
  const headers = { 'Content-Type': 'application/json' };
  return ask(path, { method: 'POST', body, headers, keepalive: body.length < KEEPALIVE_BYTES }, limitMs);
}

/** A file; how long it takes tells nothing of the network. @param {string} path @param {Blob} file @param {Record<string, string>} headers @param {number} limitMs */
export const bring = (path, file, headers, limitMs) => ask(path, { method: 'POST', body: file, headers }, limitMs, false);

/** @param {string} path @param {RequestInit} request @param {number} [limitMs] @param {boolean} [told] @returns {Promise<Outcome>} */
async function ask(path, request, limitMs = DEFAULT_MS, told = true) {
  const giveUp = new AbortController();
  const limit = setTimeout(() => giveUp.abort(), limitMs);
  const sentAt = Date.now();
  /** @type {Outcome} */
  let outcome = { word: 'later', status: 0, body: null, text: t('unreachable'), afterMs: 0 };
  try {
    const answer = await fetch(path, { ...request, credentials: 'same-origin', cache: 'no-store', signal: giveUp.signal });
    const body = await answer.json().catch(() => null);
    if (told && body?.server_time) clock?.observe(moment(body.server_time), sentAt, Date.now());
    outcome = judge(answer, body);
  } catch {
    // no network, or no answer in time: the outcome above says so
  } finally {
    clearTimeout(limit);
  }
  if (told) listener(outcome, Date.now() - sentAt);
  return outcome;
}

/** @param {Response} answer @param {any} body @returns {Outcome} */
function judge(answer, body) {
  const status = answer.status;
  const text = body?.error?.text ?? t('refused_without_reason', { status });
  const seconds = Number(answer.headers.get('Retry-After') ?? body?.error?.retry_after_s ?? 0);
  const afterMs = Number.isFinite(seconds) ? Math.max(0, seconds * 1000) : 0;
  if (answer.ok && (answer.redirected || typeof body !== 'object' || body === null)) {
    return { word: 'later', status: 0, body: null, text: t('unreachable'), afterMs }; // the welcome page of a hotel, not the centre
  }
  if (answer.ok) return { word: 'ok', status, body, text: '', afterMs: 0 };
  if (status === 401) return { word: 'unknown', status, body, text, afterMs };
  return { word: FINAL.has(status) ? 'refused' : 'later', status, body, text, afterMs };
}

/** ISO text or milliseconds. @param {string | number} time */
const moment = (time) => (typeof time === 'number' ? time : Date.parse(time));

/**
 * How long to wait before attempt n+1: doubling, at most `capMs`, by chance between a half and all of it, so that phones that lost
 * the server together do not come back together. @param {number} n attempts so far, from 1 @param {number} capMs
 */
export function backoffMs(n, capMs) {
  const whole = Math.min(capMs, 500 * 2 ** Math.min(n, 16));
  return whole / 2 + Math.random() * (whole / 2);
}
