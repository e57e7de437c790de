// The walls that could be this screening's stage: put there from here after a second press, taken back by a desk only.

/** @typedef {{id: string, name: string, staged: boolean, here: boolean}} Wall */

/** What is said of a wall: a key of the texts; null: it can be put on stage. @param {Wall} wall */
export const stands = (wall) => (wall.here ? 'wall_here' : wall.staged ? 'wall_elsewhere' : null);

/**
 * @param {HTMLElement} place @param {HTMLDialogElement} sure @param {Record<string, string>} texts @param {(wall: string) => void} put
 */
export function wallsOf(place, sure, texts, put) {
  let drawn = '', asked = '';
  sure.addEventListener('close', () => { if (sure.returnValue === 'yes') put(asked); });

  /** @param {Wall} wall */
  function row(wall) {
    const item = document.createElement('li'), name = document.createElement('b'), said = stands(wall);
    name.textContent = wall.name;
    item.append(name);
    if (said) {
      const word = document.createElement('small');
      word.textContent = texts[said] ?? '';
      item.append(word);
    } else {
      const made = document.createElement('button');
      made.textContent = texts.wall_use ?? '';
      made.addEventListener('click', () => { asked = wall.id; sure.returnValue = ''; sure.showModal(); });
      item.append(made);
    }
    return item;
  }

  return (/** @type {Wall[]} */ walls) => {
    const now = JSON.stringify(walls);
    if (now === drawn) return;
    drawn = now;
    place.replaceChildren(...walls.map(row));
  };
}
