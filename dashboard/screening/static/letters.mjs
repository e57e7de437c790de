// Letters are printed when asked to.

document.querySelector('[data-print]')?.addEventListener('click', () => print());
