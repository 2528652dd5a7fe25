/**
 * The page's connection to the margin ledger: its stream, its reads, and actions by the session.
 *
 * An action's nonce is its name: sent again after an unknown end, it is done once.
 */

import { Refusal, exchange, parsed } from "./api.js";
import { NotionalStream } from "./notional.js";
import { csrfToken } from "./tokens.js";
import { onWake } from "./wake.js";

const url = new URL("/ws", location.href);
url.protocol = url.protocol.replace("http", "ws");

export const ledger = new NotionalStream({ url: url.href, isOnline: () => navigator.onLine });

onWake(() => ledger.check());
addEventListener("pagehide", () => ledger.stop());
addEventListener("pageshow", (event) => event.persisted && ledger.start());

/** Read something of the ledger: POST /info. */
export const info = (query) => ask("/info", query);

let newest = 0;

/** Do an action of the signed-in account: POST /exchange. */
export async function act(action) {
  newest = Math.max(Date.now(), newest + 1);
  const body = { action, nonce: newest };
  try {
    return await ask("/exchange", body);
  } catch (error) {
    if (!(error instanceof Refusal) || !error.isUnknown) throw error;
    return again(body);
  }
}

/** Send it once more: a nonce that is used says that the first time was the time. */
async function again(body) {
  try {
    return await ask("/exchange", body);
  } catch (error) {
    if (error.code === "INVALID_NONCE") return { status: "ok", wasDone: true };
    throw error;
  }
}

async function ask(path, body) {
  const { response, text } = await exchange(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
  const answer = parsed({ response, text });
  if (response.ok) return answer;
  const message = typeof answer?.error === "string" ? answer.error : `The server answered ${response.status}.`;
  throw new Refusal({ code: answer?.code ?? "NO_ANSWER", status: response.status, message });
}
