/** The console's templates: every request of the AsyncAPI document, with the reader's own values. */

import { resolve } from "../docs/schema.js";

/** Return {name, title, text}[] of a protocol: its examples of what a client sends. */
export function templatesOf(document, protocol) {
  const requests = Object.values(document.operations).filter(
    (one) => one.action === "receive" && one.channel.$ref.endsWith(`/${protocol}`),
  );
  return requests.flatMap((one) =>
    one.messages.flatMap((ref) =>
      (resolve(document, ref).examples ?? []).map(({ name, summary, payload }) => ({
        name,
        title: summary,
        text: JSON.stringify(payload, null, 2),
      })),
    ),
  );
}

/** Put the reader's address and a coin into a template; the token is put in when it is sent. */
export function filled(text, { address }) {
  return text.replaceAll("{user}", address ?? "0x742d35cc6634c0532925a3b844bc9e7595f0beb").replaceAll("{coin}", "ETH");
}
