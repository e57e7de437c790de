/* The page by keyboard alone: one table from a key to what it does. Typing in a field stays typing. */

/** @typedef {Record<string, (event: KeyboardEvent) => void>} Table names as `key`, `Ctrl+key`, `Ctrl+Shift+key`, `Shift+key` */

/** @param {KeyboardEvent} event */
export const named = (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const shift = event.shiftKey && (event.key.length > 1 || event.ctrlKey || event.metaKey);
  return `${event.ctrlKey || event.metaKey ? 'Ctrl+' : ''}${shift ? 'Shift+' : ''}${key}`;
};

/** @param {EventTarget | null} target @param {string} key */
const taken = (target, key) => {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && target.type !== 'radio') return true;
  if (target instanceof HTMLInputElement) return key.includes('Arrow') || key === ' ';
  return (target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement) && (key === ' ' || key === 'Enter');
};

/** @param {Table} table @param {() => boolean} asleep while a dialog is open */
export const connectKeys = (table, asleep) => {
  document.addEventListener('keydown', (event) => {
    if (asleep() || event.altKey || event.isComposing || taken(event.target, event.key)) return;
    const act = table[named(event)];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
  // so does a choice that was touched, not tabbed to
  let touched = false;
  document.addEventListener('pointerdown', () => { touched = true; });
  document.addEventListener('keydown', () => { touched = false; }, true);
  document.addEventListener('change', (event) => touched && event.target instanceof HTMLInputElement && event.target.type === 'radio' && event.target.blur());
  // a button that was pressed with the mouse keeps no focus: the space bar goes on to mean playing
  document.addEventListener('mousedown', (event) => {
    if (event.target instanceof Element && event.target.closest('button')) event.preventDefault();
  });
};
