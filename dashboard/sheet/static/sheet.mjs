// The record's page: prints when asked to; what is being typed survives a reload of this tab, and nothing longer.

document.querySelector('[data-print]')?.addEventListener('click', () => print());

const form = document.querySelector('form[data-keep]');
if (form instanceof HTMLFormElement) {
  const name = form.dataset.keep ?? '';
  const fields = [...form.querySelectorAll('textarea')];
  const kept = JSON.parse(sessionStorage.getItem(name) ?? 'null');
  if (Array.isArray(kept)) fields.forEach((field, i) => { field.value ||= String(kept[i] ?? ''); });
  form.addEventListener('input', () => sessionStorage.setItem(name, JSON.stringify(fields.map((field) => field.value))));
  form.addEventListener('submit', () => sessionStorage.removeItem(name));
}
