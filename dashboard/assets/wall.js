// Classic script: runs before Dash makes the map, so that the modules can find it, and names what ClientsideFunction names.

/** @type {any} */ (L.Map).addInitHook(/** @this {L.Map} */ function () {
  /** @type {any} */ (window).eccMaps ??= {};
  /** @type {any} */ (window).eccMaps[this.getContainer().id] = this;
  window.dispatchEvent(new CustomEvent('ecc:map', { detail: this }));
});

/** @type {any} */ (window).dash_clientside ??= {};
/** @type {any} */ (window).dash_clientside.ecc = {
  /** The wall stands: nothing may call set_props before. @param {unknown} _ */
  mounted(_) {
    /** @type {any} */ (window).eccMounted = true;
    window.dispatchEvent(new Event('ecc:mounted'));
    return /** @type {any} */ (window).dash_clientside.no_update;
  },
};
