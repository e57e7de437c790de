// Labels of the map that never cover each other: who comes first keeps his place, the next looks for a free one or goes.

export const COLOUR = /** @type {const} */ ({ idle: '#63d2ff', site: '#4ce0a0', way: '#ffc24f', sos: '#ff4d5f', silent: '#9db0c8', text: '#eef5fd', quiet: '#b4c5db', ground: '#050b16' });
const HAN = '"Noto Sans SC Variable", "Noto Sans CJK SC", sans-serif';
const FONTS = { bold: `700 20px ${HAN}`, plain: `400 20px ${HAN}`, digits: '600 23px "Barlow Condensed", sans-serif' };
const HIGH = 32;
const PAD = 9;

/** @typedef {[text: string, font: keyof typeof FONTS, colour: string]} Part */

/** Left, top, right, bottom of what is taken. @type {number[]} */
let taken = [];
/** @type {Map<string, number>} */
const widths = new Map();

/** Begin again, with the columns beside the map already taken. @param {number} width @param {number} side of each column */
export function clearLabels(width, side) {
  taken = side ? [-1e4, -1e4, side, 1e4, width - side, -1e4, 1e5, 1e4] : [];
}

/** @param {number} left @param {number} top @param {number} right @param {number} bottom */
export function take(left, top, right, bottom) {
  taken.push(left, top, right, bottom);
}

/** @param {number} left @param {number} top @param {number} right @param {number} bottom */
function free(left, top, right, bottom) {
  for (let i = 0; i < taken.length; i += 4) {
    if (left < (taken[i + 2] ?? 0) && right > (taken[i] ?? 0) && top < (taken[i + 3] ?? 0) && bottom > (taken[i + 1] ?? 0)) return false;
  }
  return true;
}

/** @param {CanvasRenderingContext2D} pen @param {Part} part */
function widthOf(pen, [text, font]) {
  const key = `${font}${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 2000) widths.clear();
    pen.font = FONTS[font];
    width = pen.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** Fonts came: what was measured with another one is wrong. */
document.fonts?.addEventListener('loadingdone', () => widths.clear());

/**
 * Writes parts in one line beside a point, at the first free spot: right, left, below, above of it.
 * @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} away @param {Part[]} parts @param {{plate?: string, must?: boolean, centred?: boolean, fixed?: boolean}} [how] fixed: there or nowhere
 */
export function label(pen, x, y, away, parts, { plate = 'rgba(5, 11, 22, 0.84)', must = false, centred = false, fixed = false } = {}) {
  const wide = parts.reduce((sum, part) => sum + widthOf(pen, part), 0) + (parts.length - 1) * 8 + PAD * 2;
  const middle = x - wide / 2;
  const half = HIGH / 2;
  const spots = centred
    ? [[middle, y - half], [middle, y - half - 34], [middle, y - half + 34], [middle, y - half - 62], [middle, y - half + 62]]
    : [[x + away, y - half], [x - away - wide, y - half], [middle, y + away], [middle, y - away - HIGH], [x + away, y + 18], [x - away - wide, y - 50]];
  const spot = (fixed ? spots.slice(0, 1) : spots).find(([left = 0, top = 0]) => free(left, top, left + wide, top + HIGH)) ?? (must ? spots[0] : undefined);
  if (!spot) return;
  const [left = 0, top = 0] = spot;
  take(left, top, left + wide, top + HIGH);
  if (plate) {
    pen.fillStyle = plate;
    pen.beginPath();
    pen.roundRect(left, top, wide, HIGH, 6);
    pen.fill();
  }
  write(pen, left + PAD, top + half + 1, parts, plate === '');
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {Part[]} parts @param {boolean} bare without a plate: a dark edge instead */
function write(pen, x, y, parts, bare) {
  let at = x;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const part of parts) {
    const width = widthOf(pen, part);
    const [text, font, colour] = part;
    pen.font = FONTS[font];
    if (bare) {
      pen.lineWidth = 5;
      pen.lineJoin = 'round';
      pen.strokeStyle = 'rgba(5, 11, 22, 0.75)';
      pen.strokeText(text, at, y);
    }
    pen.fillStyle = colour;
    pen.fillText(text, at, y);
    at += width + 8;
  }
}
