/**
 * The socket's token: kept in memory, renewed before it ends, asked for once at a time.
 *
 * Knows when a token wants renewing. Knows nothing of sockets.
 */

export const MARGIN_MS = 90_000; // renewed this long before its end; the server warns at 60 s
export const ASK_MS = 10_000; // how long an answer may take

/** The account is signed out: there is no token to be had without signing in again. */
export class SignedOut extends Error {
  name = "SignedOut";
}

export class Tokens {
  #fetch;
  #now;
  #token = null;
  #asking = null;

  /** @param fetchToken () => Promise<{token, userId, lifetimeMs}>, rejects with SignedOut */
  constructor(fetchToken, now) {
    this.#fetch = fetchToken;
    this.#now = now;
  }

  /** When the token wants renewing; in the past if there is none. */
  get renewAt() {
    return this.#token?.renewAt ?? 0;
  }

  /** Return a token with some life left, asking for one if need be. */
  async current() {
    if (this.#token !== null && this.#now() < this.#token.renewAt) return this.#token;
    return this.renew();
  }

  /** Ask for a new token; callers at the same time share the question. */
  async renew() {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Forget the token: the server does not take it. */
  forget() {
    this.#token = null;
  }

  async #ask() {
    const { token, userId, lifetimeMs } = await this.#fetch();
    const margin = Math.min(MARGIN_MS, lifetimeMs / 3);
    this.#token = { token, userId, renewAt: this.#now() + lifetimeMs - margin };
    return this.#token;
  }
}

/**
 * Ask the page's own server for a token: the session's cookie says who asks.
 *
 * The lifetime is counted on the server's clock (its Date header), so a wrong clock here does no harm.
 */
export async function fetchPageToken() {
  const response = await fetch("/v1/auth/token", {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken() },
    signal: AbortSignal.timeout(ASK_MS),
  });
  if (response.status === 401 || response.status === 403) throw new SignedOut();
  if (!response.ok) throw new Error(`the token was refused with ${response.status}`);
  const { data } = await response.json();
  const now = Date.parse(response.headers.get("Date") ?? "") || Date.now();
  return { token: data.token, userId: data.userId, lifetimeMs: Date.parse(data.expiresAt) - now };
}

/** Return the token that a request of this page must carry to change anything. */
export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";
}
