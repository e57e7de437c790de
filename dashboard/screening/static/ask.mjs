// Asks the host's doors: JSON there and back. A refusal comes as its sentence.

/** @param {string} path @param {unknown} [said] @returns {Promise<any>} */
export async function ask(path, said) {
  const how = said === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) };
  const answer = await fetch(`/centre/screening${path}`, { ...how, signal: AbortSignal.timeout(20_000) });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body?.error?.text ?? String(answer.status));
  return body;
}

/** @param {unknown} error */
export function tell(error) {
  const told = document.querySelector('.told');
  if (!(told instanceof HTMLElement)) return;
  told.textContent = error instanceof Error ? error.message : '';
  told.hidden = !told.textContent;
}
