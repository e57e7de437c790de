// Wall and desk are drawn for 1920×1080: a smaller window shows the same drawing smaller, never cut off. A larger one shows more of the map.

const DRAWN = { width: 1920, height: 1080 };

/** Keeps the drawing within the window. */
export function fitWindow() {
  const fit = () => {
    const share = Math.min(1, innerWidth / DRAWN.width, innerHeight / DRAWN.height);
    document.documentElement.style.zoom = share < 1 ? String(share) : '';
  };
  addEventListener('resize', fit);
  fit();
}
