// The list of reported faults: taken or closed by one press; the page then shows how it stands now.

const texts = JSON.parse(document.getElementById('texts')?.textContent ?? '{}');

/** @param {HTMLElement} row @param {string} act @param {Record<string, string>} body */
async function act(row, act, body) {
  const said = document.getElementById('said');
  for (const button of row.querySelectorAll('button')) button.disabled = true;
  try {
    const answer = await fetch(`/faults/${row.dataset.fault}/${act}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (answer.ok) { location.reload(); return; }
    if (said) said.textContent = (await answer.json()).error?.text ?? texts.failed;
  } catch {
    if (said) said.textContent = texts.failed;
  }
  for (const button of row.querySelectorAll('button')) button.disabled = false;
}

for (const row of document.querySelectorAll('[data-fault]')) {
  if (!(row instanceof HTMLElement)) continue;
  row.querySelector('[data-act="take"]')?.addEventListener('click', () => void act(row, 'take', {}));
  const form = row.querySelector('form');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    const remedy = String(new FormData(form).get('remedy') ?? '').trim();
    void act(row, 'close', remedy ? { remedy } : {});
  });
}
