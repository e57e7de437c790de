// Asks the doors of screenings: JSON there and back. A refusal comes as its sentence, with its status and code.

/** @param {string} path @param {unknown} [said] @param {string} [base] @returns {Promise<any>} */
export async function ask(path, said, base = '/centre/screening') {
  const how = said === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) };
  const answer = await fetch(`${base}${path}`, { ...how, signal: AbortSignal.timeout(20_000) });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body?.error?.text ?? String(answer.status)), { status: answer.status, code: body?.error?.code });
  return body;
}

/** @param {unknown} error */
export function tell(error) {
  const told = document.querySelector('.told');
  if (!(told instanceof HTMLElement)) return;
  told.textContent = error instanceof Error ? error.message : '';
  told.hidden = !told.textContent;
}
