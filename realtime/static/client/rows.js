/**
 * The rows of one channel or list, by key: what was told last, with what is hoped for laid over it.
 *
 * 1. A row that is older (by seq) than the one held changes nothing.
 * 2. An optimistic change stays over its row until it is settled: `settle(row)` with the server's
 *    answer, or `undo()` after a refusal. Rows that the stream brings meanwhile go below it.
 * 3. Listeners hear of all keys that changed, once a frame.
 *
 * Knows rows and keys. Knows nothing of sockets, REST or elements.
 */

const nextFrame = (callback) => requestAnimationFrame(callback);

export class Rows {
  #key;
  #schedule;
  #held = new Map(); // key -> {row, seq, ...what came with it}
  #hopes = new Map(); // key -> what is laid over the row
  #listeners = new Set();
  #changed = new Set();
  #isAsked = false;

  /** False until a whole list or snapshot has come. */
  isReady = false;

  /**
   * @param {(row: object) => string} key names a row
   * @param {(callback: () => void) => void} schedule when listeners are told
   */
  constructor(key, schedule = nextFrame) {
    this.#key = key;
    this.#schedule = schedule;
  }

  get size() {
    return this.#held.size;
  }

  has(key) {
    return this.#held.has(key);
  }

  /** Return the row as it is to be shown, or undefined. */
  get(key) {
    const held = this.#held.get(key);
    const hope = this.#hopes.get(key);
    return hope && held ? { ...held.row, ...hope } : held?.row;
  }

  /** Return what came with a row ({seq, receivedAt, timestamp, isSnapshot}), or undefined. */
  meta(key) {
    return this.#held.get(key);
  }

  all() {
    return [...this.#held.keys()].map((key) => this.get(key));
  }

  /** Take a row; `deleted: true` in it removes its key. */
  take(row, meta = {}) {
    const key = this.#key(row);
    if (row.deleted === true) return this.remove(key);
    const held = this.#held.get(key);
    const seq = meta.seq ?? null;
    if (held && seq !== null && held.seq !== null && seq < held.seq) return;
    this.#held.set(key, { ...meta, row, seq: seq ?? held?.seq ?? null });
    this.#touch(key);
  }

  remove(key) {
    if (this.#held.delete(key)) this.#touch(key);
    this.#hopes.delete(key);
  }

  /** Take a whole list as of a seq: what it does not hold is gone. */
  replace(rows, meta = {}) {
    const keys = new Set(rows.map(this.#key));
    for (const key of [...this.#held.keys()]) if (!keys.has(key)) this.remove(key);
    for (const row of rows) this.take(row, meta);
    this.settle();
  }

  /** Everything that is there has been told. */
  settle() {
    this.isReady = true;
    this.#ask();
  }

  /**
   * Show a change before the server has agreed to it: `patch` are fields of the row, as they will be.
   *
   * Return {settle(row?), undo()}; one of them ends it.
   */
  propose(key, patch) {
    this.#hopes.set(key, patch);
    this.#touch(key);
    const end = (row) => {
      if (this.#hopes.get(key) === patch) this.#hopes.delete(key);
      if (row) this.take(row);
      this.#touch(key);
    };
    return { settle: end, undo: () => end(null) };
  }

  /** Tell whether what is shown of a key is only hoped for. */
  isHoped(key) {
    return this.#hopes.has(key);
  }

  /** Call `listener(keys)` after changes, once a frame; return the function that ends it. */
  onChange(listener) {
    this.#listeners.add(listener);
    if (this.isReady || this.#held.size > 0) this.#touch(...this.#held.keys());
    return () => this.#listeners.delete(listener);
  }

  #touch(...keys) {
    for (const key of keys) this.#changed.add(key);
    this.#ask();
  }

  #ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#schedule(() => {
      this.#isAsked = false;
      const keys = this.#changed;
      this.#changed = new Set();
      for (const listener of [...this.#listeners]) listener(keys);
    });
  }
}
