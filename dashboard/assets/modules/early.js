// Classic script, in the head before all others: what is pressed before the page's own program has come is kept and given to it when it has.
// A form that the program answers says method="dialog", which outside a dialog sends nothing: without it the browser would make what was
// typed a part of the page's address, where servers and histories keep it.
(() => {
  /** @type {(() => void) | null} */
  let pressed = null;

  /** @param {SubmitEvent} event */
  const sent = (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.getAttribute('method') !== 'dialog' || form.closest('dialog')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    pressed = () => form.requestSubmit(submitter);
  };

  /** @param {MouseEvent} event */
  const clicked = (event) => {
    const button = event.target instanceof Element ? event.target.closest('button') : null;
    if (!button || (button.form && button.type === 'submit')) return;
    event.stopImmediatePropagation();
    pressed = () => button.click();
  };

  document.addEventListener('submit', sent, true);
  document.addEventListener('click', clicked, true);
  document.addEventListener('DOMContentLoaded', () => { // after every module that the page names
    document.removeEventListener('submit', sent, true);
    document.removeEventListener('click', clicked, true);
    pressed?.();
  });
})();
