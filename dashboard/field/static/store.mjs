// What this phone keeps: actions and fixes that wait, and a few facts. In IndexedDB, so that it outlives the page; where the browser
// refuses that (private window, full disk), in memory, and `durable` says so.

const NAME = 'ecc-field';
const SHELVES = ['actions', 'fixes', 'facts', 'pieces', 'chunks'];
const OPEN_MS = 3000; // a browser may leave the opening unanswered for ever
const WORK_MS = 4000; // and a transaction too

/** Opens and, when the browser closed it, opens again. */
class Database {
  /** @type {Promise<IDBDatabase> | null} */
  #opening = null;

  open() {
    this.#opening ??= openDatabase(() => { this.#opening = null; });
    this.#opening.catch(() => { this.#opening = null; });
    return this.#opening;
  }

  /**
   * One transaction on one shelf; asks again once, because a browser may have closed the database in between.
   * @template R @param {string} shelf @param {IDBTransactionMode} mode @param {(shelf: IDBObjectStore) => IDBRequest<R>} ask @returns {Promise<R>}
   */
  async ask(shelf, mode, ask) {
    try {
      return await this.#once(shelf, mode, ask);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      this.#opening = null;
      return this.#once(shelf, mode, ask);
    }
  }

  /**
   * @template R @param {string} shelf @param {IDBTransactionMode} mode @param {(shelf: IDBObjectStore) => IDBRequest<R>} ask
   * @returns {Promise<R>}
   */
  async #once(shelf, mode, ask) {
    const database = await this.open();
    return new Promise((resolve, reject) => {
      setTimeout(() => reject(new DOMException('no answer', 'TimeoutError')), WORK_MS);
      const work = database.transaction(shelf, mode);
      const request = ask(work.objectStore(shelf));
      work.oncomplete = () => resolve(request.result);
      work.onabort = () => reject(work.error ?? new DOMException('aborted', 'AbortError'));
    });
  }
}

/** @param {() => void} closed @returns {Promise<IDBDatabase>} */
function openDatabase(closed) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new DOMException('no answer', 'TimeoutError')), OPEN_MS);
    const request = indexedDB.open(NAME, 2);
    request.onupgradeneeded = () => {
      const there = request.result.objectStoreNames;
      for (const shelf of SHELVES) if (!there.contains(shelf)) request.result.createObjectStore(shelf, { keyPath: 'id' });
    };
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onclose = closed;
      request.result.onversionchange = () => { request.result.close(); closed(); };
      resolve(request.result);
    };
  });
}

/**
 * Things under their `id`, which sorts by age. What the disk refuses stays in memory and counts all the same.
 * @template {{id: string}} T
 */
export class Shelf {
  /** @type {Map<string, T>} */
  #memory = new Map();
  #onRefused;
  #database;
  #name;

  /** @param {Database | null} database null: memory only @param {string} name @param {(error: unknown) => void} onRefused */
  constructor(database, name, onRefused) {
    this.#database = database;
    this.#name = name;
    this.#onRefused = onRefused;
  }

  /** Kept on the disk when this resolves true; false: in memory only. @param {T} thing */
  async put(thing) {
    const kept = await this.#try('readwrite', (shelf) => shelf.put(thing));
    if (kept === undefined) this.#memory.set(thing.id, thing);
    else this.#memory.delete(thing.id);
    return kept !== undefined;
  }

  /** @param {string} id @returns {Promise<T | undefined>} */
  async get(id) {
    return this.#memory.get(id) ?? (await this.#try('readonly', (shelf) => shelf.get(id)));
  }

  /** @param {string[]} ids */
  async remove(ids) {
    ids.forEach((id) => this.#memory.delete(id));
    if (!ids.length) return;
    await this.#try('readwrite', (shelf) => {
      ids.forEach((id) => shelf.delete(id));
      return shelf.count(); // one request to wait for: the transaction ends after all of them
    });
  }

  /** Oldest first. @returns {Promise<T[]>} */
  async all() {
    const kept = /** @type {T[] | undefined} */ (await this.#try('readonly', (shelf) => shelf.getAll()));
    return this.#joined(kept);
  }

  /** The newest `n`, oldest of them first. @param {number} n @returns {Promise<T[]>} */
  async newest(n) {
    const keys = await this.#try('readonly', (shelf) => shelf.getAllKeys());
    const from = keys?.at(-n) ?? keys?.[0];
    const range = from === undefined ? undefined : IDBKeyRange.lowerBound(from);
    const kept = range && /** @type {T[] | undefined} */ (await this.#try('readonly', (shelf) => shelf.getAll(range)));
    return this.#joined(kept).slice(-n);
  }

  /** A thing whose keeping timed out may stand in both. @param {T[] | undefined} kept */
  #joined(kept) {
    return [...new Map([...(kept ?? []), ...this.#memory.values()].map((thing) => [thing.id, thing])).values()].sort(byId);
  }

  async count() {
    return ((await this.#try('readonly', (shelf) => shelf.count())) ?? 0) + this.#memory.size;
  }

  /** Forgets the oldest `n`. @param {number} n */
  async dropOldest(n) {
    const keys = /** @type {string[] | undefined} */ (await this.#try('readonly', (shelf) => shelf.getAllKeys(null, n)));
    await this.remove([...(keys ?? []), ...[...this.#memory.keys()].sort()].slice(0, n));
  }

  async clear() {
    this.#memory.clear();
    await this.#try('readwrite', (shelf) => shelf.clear());
  }

  /**
   * @template R @param {IDBTransactionMode} mode @param {(shelf: IDBObjectStore) => IDBRequest<R>} ask
   * @returns {Promise<R | undefined>} undefined: refused
   */
  async #try(mode, ask) {
    if (!this.#database) return undefined;
    try {
      return await this.#database.ask(this.#name, mode, ask);
    } catch (error) {
      this.#onRefused(error);
      return undefined;
    }
  }
}

/** @param {{id: string}} a @param {{id: string}} b */
const byId = (a, b) => (a.id < b.id ? -1 : 1);

/**
 * The shelves, and whether what they hold outlives the page. pieces, chunks: what the phone recorded itself.
 * @typedef {{actions: Shelf<import('./wire').Action>, fixes: Shelf<import('./wire').KeptFix>, facts: Shelf<Fact>, pieces: Shelf<import('./own_recording.mjs').Piece>, chunks: Shelf<import('./own_recording.mjs').Chunk>, durable: boolean}} Store
 * @typedef {{id: string, value: unknown}} Fact
 */

/**
 * Opens the shelves; never fails.
 * @param {() => void} onForgetful called when something could be kept in memory only @returns {Promise<Store>}
 */
export async function openStore(onForgetful) {
  /** @type {Database | null} */
  let database = new Database();
  try {
    await database.open();
  } catch {
    database = null; // no indexedDB at all, refused, or unanswered
  }
  const refused = () => {
    if (store.durable) {
      store.durable = false;
      onForgetful();
    }
  };
  /** @type {Store} */
  const store = {
    actions: new Shelf(database, 'actions', refused),
    fixes: new Shelf(database, 'fixes', refused),
    facts: new Shelf(database, 'facts', refused),
    pieces: new Shelf(database, 'pieces', refused),
    chunks: new Shelf(database, 'chunks', refused),
    durable: database !== null,
  };
  if (database) void navigator.storage?.persist?.().catch(() => false); // asked for, not needed
  return store;
}
