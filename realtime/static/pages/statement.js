/** What a statement's lines say in words, and what its filters ask for. Pure. */

const ACCOUNTS = {
  wallet: "Wallet",
  supply: "Supplied balance",
  collateral: "Collateral",
  debt: "Debt",
  stake: "Staked",
  margin: "Margin account",
};

/** Say a kind of movement: "add_collateral" is "Add collateral". */
export const kindText = (kind) => (kind.charAt(0).toUpperCase() + kind.slice(1)).replaceAll("_", " ");

/** Say which of the reader's accounts an entry is on. */
export function accountText(account) {
  const [kind] = account.split(":");
  return ACCOUNTS[kind] ?? kindText(kind);
}

/**
 * Return the query of filters as a form has them; days are the reader's own, and the last one counts.
 *
 * @param {{type: string, asset: string, reference: string, from: string, to: string}} filters
 */
export function queryOf({ type, asset, reference, from, to }) {
  const query = { type, asset, reference: reference.trim() };
  if (from) query.from = new Date(`${from}T00:00:00`).toISOString();
  if (to) {
    const end = new Date(`${to}T00:00:00`);
    end.setDate(end.getDate() + 1);
    query.to = end.toISOString();
  }
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value));
}
