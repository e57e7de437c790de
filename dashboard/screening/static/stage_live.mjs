/* The live picture of a mission: a few cells on a canvas, as they come. There is nothing else of it in this browser. */

export const FRESH_MS = 2000; // an older picture is taken away: what stands still for longer would be believed to be now

export class Live {
  #shown = false;
  #came = -Infinity;

  /** @param {HTMLCanvasElement} canvas @param {() => void} changed */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
  }

  /** Whether a picture stands there that is not old. */
  get fresh() {
    return this.#shown && performance.now() - this.#came < FRESH_MS;
  }

  /** From now on its pictures are drawn. */
  show() {
    this.#shown = true;
  }

  /** The picture is gone when this returns. */
  stop() {
    this.#shown = false;
    this.#clear();
  }

  /** Once a second: one that is old goes. */
  look() {
    if (this.#shown && !this.fresh && this.#came > -Infinity) {
      this.#clear();
      this.changed();
    }
  }

  /** @param {ArrayBuffer} message columns, rows, then red, green, blue of each cell */
  draw(message) {
    if (!this.#shown) return; // it is not its turn (any more)
    const [columns = 0, rows = 0, ...cells] = new Uint8Array(message);
    if (!columns || !rows || cells.length !== columns * rows * 3) throw new TypeError('no cells');
    if (this.canvas.width !== columns || this.canvas.height !== rows) [this.canvas.width, this.canvas.height] = [columns, rows];
    const picture = new ImageData(columns, rows);
    picture.data.fill(255);
    cells.forEach((value, place) => { picture.data[Math.floor(place / 3) * 4 + (place % 3)] = value; });
    this.canvas.getContext('2d')?.putImageData(picture, 0, 0);
    const first = !this.fresh;
    this.#came = performance.now();
    if (first) this.changed();
  }

  #clear() {
    this.#came = -Infinity;
    this.canvas.width = this.canvas.height = 1; // empties it
  }
}
