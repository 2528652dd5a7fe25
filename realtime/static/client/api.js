/**
 * The page's REST: reads, and writes that act once. The session's cookie says who asks.
 *
 * 1. A refusal is thrown as a Refusal, in the server's own words.
 * 2. Whoever does not know whether a write happened sends it again under the same key (`Intent`).
 */

import { csrfToken } from "./tokens.js";

export const ANSWER_MS = 15_000; // how long an answer may take

/** What the server, or the network, would not do. `status` is 0 where no answer came. */
export class Refusal extends Error {
  name = "Refusal";

  /** @param {{code: string, status: number, message: string, details?: object, retryAfter?: number}} told */
  constructor({ code, status, message, details = {}, retryAfter = null }) {
    super(message);
    Object.assign(this, { code, status, details, retryAfter });
  }

  /** True if it is not known whether the server has done it. */
  get isUnknown() {
    return this.status === 0 || this.status >= 500;
  }
}

/** Return the whole answer of a GET: {data, pagination, seq, epoch, ...}. `params` left undefined are left out. */
export function get(path, params = {}, { signal } = {}) {
  const given = Object.entries(params).filter(([, value]) => value != null && value !== "");
  const query = new URLSearchParams(given).toString();
  return ask(query ? `${path}?${query}` : path, { signal });
}

/** Send a change and return the whole answer. */
export function send(method, path, body = undefined, { idempotencyKey, signal } = {}) {
  const headers = { "X-CSRFToken": csrfToken() };
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  return ask(path, { method, headers, body: text, signal });
}

/** One thing that a person wants done: however often it is sent, the server does it once. */
export class Intent {
  #method;
  #path;
  #sent = null; // {key, text} of what may have been done already

  constructor(path, method = "POST") {
    this.#path = path;
    this.#method = method;
  }

  /** Send it; the same body after an unknown end goes under the same key. */
  async send(body = {}, { signal } = {}) {
    const text = JSON.stringify(body);
    if (this.#sent?.text !== text) this.#sent = { key: newKey(), text };
    try {
      const answer = await send(this.#method, this.#path, body, {
        idempotencyKey: this.#sent.key,
        signal,
      });
      this.#sent = null;
      return answer;
    } catch (error) {
      if (error instanceof Refusal && !error.isUnknown) this.#sent = null;
      throw error;
    }
  }
}

/** Return a key that nobody else has. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Send a request and return {response, text}. An answer that does not come, or not to its end, is a
 * Refusal of status 0: who waits for it does not know what the server has done.
 */
export async function exchange(path, { signal, ...options } = {}) {
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    const either = signal ? AbortSignal.any([signal, limit]) : limit;
    const response = await fetch(path, { ...options, signal: either });
    return { response, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw error; // whoever gave up knows
    throw noAnswer();
  }
}

const noAnswer = () =>
  new Refusal({
    code: "NO_ANSWER",
    status: 0,
    message: "The server did not answer. Check the connection and try again.",
  });

/** Return what a text says as JSON, or null; an answer of success that is no JSON is not the server's. */
export function parsed({ response, text }) {
  try {
    return JSON.parse(text);
  } catch {
    if (response.ok) throw noAnswer();
    return null;
  }
}

async function ask(path, options) {
  const { response, text } = await exchange(path, options);
  const answer = parsed({ response, text });
  if (response.ok) return answer;
  throw refusalOf(response, answer);
}

/** Return the answer of a GET as it is written. */
export async function getText(path) {
  const { response, text } = await exchange(path);
  if (response.ok) return text;
  throw refusalOf(response, parsed({ response, text }));
}

function refusalOf(response, answer) {
  const told = answer?.error;
  const seconds = Number(response.headers.get("Retry-After"));
  return new Refusal({
    code: told?.code ?? "NO_ANSWER",
    status: response.status,
    message: told?.message ?? `The server answered ${response.status}.`,
    details: told?.details ?? {},
    retryAfter: seconds > 0 ? seconds : null,
  });
}
