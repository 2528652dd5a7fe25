/** What the codes of governance are called. Pure but for the locale. */

import * as format from "../ui/format.js";

export const TYPES = {
  PARAMETER_CHANGE: "Parameter change",
  NEW_POOL: "New pool",
  POOL_DEPRECATION: "Close a pool",
  COLLATERAL_ADD: "Accept collateral",
  COLLATERAL_REMOVE: "Stop accepting collateral",
  TREASURY_SPEND: "Treasury payment",
  EMERGENCY_ACTION: "Emergency",
  PROTOCOL_UPGRADE: "Protocol upgrade (signal)",
  FEE_CHANGE: "Fee change",
  ORACLE_CONFIG: "Price source",
};
export const STATUSES = {
  DRAFT: ["Waits for the council", "warn"],
  ACTIVE: ["Vote open", "accent"],
  QUORUM_NOT_MET: ["Quorum missed", "bad"],
  PASSED: ["Passed", "good"],
  REJECTED: ["Rejected", "bad"],
  TIMELOCK: ["Passed, timelock", "good"],
  READY: ["Ready to execute", "good"],
  EXECUTED: ["Executed", "good"],
  VETOED: ["Vetoed", "bad"],
  CANCELLED: ["Cancelled", "plain"],
  EXPIRED: ["Expired", "plain"],
};
export const DIRECTION_WORDS = { FOR: "For", AGAINST: "Against", ABSTAIN: "Abstain" };

const FIELDS = {
  poolId: "Pool",
  targetPoolId: "Pool",
  migrationPoolId: "Pool to move to",
  parameter: "Parameter",
  proposedValue: "Proposed value",
  currentValue: "Present value",
  proposedRate: "Proposed rate",
  currentRate: "Present rate",
  rationale: "Reason",
  feeType: "Fee",
  assetSymbol: "Asset",
  assetType: "Kind of asset",
  oracleSourceId: "Price source",
  newSourceId: "New source",
  initialLtv: "Loan to value",
  initialLiquidationThreshold: "Liquidation threshold",
  initialBaseBorrowRate: "Base rate",
  recipientAddress: "Recipient (user id)",
  executionMethod: "Paid",
  darHash: "SHA-256 of the archive",
  releaseNotes: "Release notes",
};
const VALUES = {
  base: "Base rate",
  slope: "Slope below the kink",
  kink: "Kink",
  jump: "Slope above the kink",
  reserveFactor: "Reserve factor",
  loanToValue: "Loan to value",
  liquidationThreshold: "Liquidation threshold",
  liquidationPenalty: "Liquidation penalty",
  supplyCap: "Supply cap (USD)",
  borrowCap: "Borrow cap (USD)",
  isActive: "Takes deposits and loans",
  isCollateral: "Accepted as collateral",
  borrowAPY: "Borrow APY",
  supplyAPY: "Supply APY",
  treasury: "Treasury",
  protocol: "Whole protocol",
  supply: "Supplying",
  borrow: "Borrowing",
  source: "Price source",
  PROTOCOL_FEE: "Protocol fee (reserve factor)",
  LIQUIDATION_PENALTY: "Liquidation penalty",
  PAUSE_PROTOCOL: "Pause the whole protocol",
  RESUME_PROTOCOL: "Resume the whole protocol",
  PAUSE_POOL: "Pause one pool",
  RESUME_POOL: "Resume one pool",
  market: "Market prices",
  manual: "Entered by staff",
};
const SHARES = new Set([
  "base", "slope", "kink", "jump", "reserveFactor", "loanToValue", "liquidationThreshold", "liquidationPenalty",
  "borrowAPY", "supplyAPY",
]);

/** Say a name in camel case as words: "supplyCap" is "Supply cap". */
function spaced(name) {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Return what a field of a payload is called. */
export const fieldName = (name) => FIELDS[name] ?? spaced(name);

/** Return what a choice or a parameter is called. */
export const valueName = (name) => VALUES[name] ?? name;

/** Return a parameter's value as it is read: shares in percent. */
export function shown(parameter, value) {
  if (value === null || value === undefined) return "none";
  if (SHARES.has(parameter)) return format.rate(Number(value));
  if (parameter.endsWith("Cap")) return format.usdShort(value);
  if (value === "true" || value === "false") return value === "true" ? "yes" : "no";
  return /^\d+(\.\d+)?$/.test(value) ? format.amount(value, 6) : valueName(value);
}

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });

/** Return a weight of votes as it is read: 90M. */
export const weight = (text) => (Number(text) < 100_000 ? format.amount(text, 2) : compact.format(text));
