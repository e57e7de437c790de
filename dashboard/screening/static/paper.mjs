// A paper that was asked for by «print» opens the printer's dialog by itself, once its signs are there.

if (new URLSearchParams(location.search).has('print')) {
  history.replaceState(null, '', location.pathname); // a reload does not print again
  void document.fonts.ready.then(() => print());
}
