// Classic script: runs before Dash makes the desk's map, so that the modules can find it.

/** @type {any} */ (L.Map).addInitHook(/** @this {L.Map} */ function () {
  /** @type {any} */ (window).eccMaps ??= {};
  /** @type {any} */ (window).eccMaps[this.getContainer().id] = this;
  window.dispatchEvent(new CustomEvent('ecc:map', { detail: this }));
});
