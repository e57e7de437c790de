/* The picture as an audience would see it: large cells, and what the plan opens. The original itself is never in the page. */

import { boxesAt, cells, pixels } from './mask_plan.mjs';

/** @typedef {import('./mask_plan.mjs').Mask} Mask */

const STEP = 4; // a browser that scales by one sample a pixel would let single pixels through: so in two steps

/** @param {number} width @param {number} height */
const sheet = (width, height) => {
  const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { alpha: false });
  if (!context) throw new Error('2d');
  context.imageSmoothingQuality = 'high';
  return context;
};

export class Mosaic {
  #fine = sheet(1, 1);
  #coarse = sheet(1, 1);
  #made = ''; // of which size

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('2d');
    this.context = context;
  }

  /** @param {HTMLVideoElement} video @param {Mask} mask @param {number} at_ms @param {boolean} open the original itself */
  draw(video, mask, at_ms, open) {
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (!width || !height) return;
    this.#size(width, height);
    const { context } = this;
    if (open) return void context.drawImage(video, 0, 0, width, height);
    const hides = mask.why !== null;
    this.#shrink(video);
    if (hides) context.drawImage(video, 0, 0, width, height);
    else this.#cells();
    for (const box of boxesAt(mask, at_ms)) {
      const [left, top, right, bottom] = pixels(box, width, height, hides);
      if (right <= left || bottom <= top) continue;
      context.save();
      context.beginPath();
      context.rect(left, top, right - left, bottom - top);
      context.clip();
      if (hides) this.#cells();
      else context.drawImage(video, left, top, right - left, bottom - top, left, top, right - left, bottom - top);
      context.restore();
    }
  }

  /** Nothing to see: before the first picture, and in a hole. */
  blank() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** @param {number} width @param {number} height */
  #size(width, height) {
    if (this.#made === `${width}x${height}`) return;
    this.#made = `${width}x${height}`;
    Object.assign(this.canvas, { width, height });
    const [wide, high] = cells(width, height);
    this.#coarse = sheet(wide, high);
    this.#fine = sheet(wide * STEP, high * STEP);
  }

  /** @param {HTMLVideoElement} video */
  #shrink(video) {
    const [fine, coarse] = [this.#fine.canvas, this.#coarse.canvas];
    this.#fine.drawImage(video, 0, 0, fine.width, fine.height);
    this.#coarse.drawImage(fine, 0, 0, coarse.width, coarse.height);
  }

  #cells() {
    this.context.imageSmoothingEnabled = false;
    this.context.drawImage(this.#coarse.canvas, 0, 0, this.canvas.width, this.canvas.height);
    this.context.imageSmoothingEnabled = true;
  }
}
