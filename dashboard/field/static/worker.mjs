// The service worker that starts this page without a network, and the change to a newer build of it when nothing is under way.

const PAUSE_MS = 30000;

/**
 * @param {string} build of this page @param {() => boolean} idle nothing is under way that a reload would disturb
 */
export function installWorker(build, idle) {
  /** @type {ServiceWorkerRegistration | null} */
  let registration = null;
  let settled = false;
  const had = navigator.serviceWorker?.controller ?? null;
  let wanted = false;

  const register = async () => {
    try {
      registration = await navigator.serviceWorker.register('sw.js', { scope: './', updateViaCache: 'none' });
    } catch {
      registration = null; // refused, or not here: the page says what that means
    } finally {
      settled = true;
    }
  };
  void register();
  if (had) navigator.serviceWorker.addEventListener('controllerchange', () => { wanted = true; });
  setInterval(() => { if (wanted && idle()) location.reload(); }, 1000);

  return {
    installed: () => registration !== null,
    settled: () => settled,
    /** The server's build: fetch the newer page, once for each build. @param {string} theirs */
    heard(theirs) {
      if (!theirs || theirs === build || !oncePerBuild(theirs)) return;
      if (registration && had) {
        void registration.update().catch(() => null);
        setTimeout(() => { wanted = true; }, PAUSE_MS); // the worker did not change: what did is not in the page's own files
      } else wanted = true;
    },
  };
}

/**
 * True the first time in this window for this build; false also where the browser cannot remember: better old than turning in circles.
 * @param {string} theirs
 */
function oncePerBuild(theirs) {
  try {
    if (sessionStorage.getItem('ecc-renewed') === theirs) return false;
    sessionStorage.setItem('ecc-renewed', theirs);
    return true;
  } catch {
    return false;
  }
}
