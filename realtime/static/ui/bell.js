/**
 * The bell of every page: how many notifications are unread, live, and a word when a grave one comes.
 */

import { isSignedIn, stream } from "../client.js";
import { setAttribute, setText } from "./dom.js";
import { toast } from "./toast.js";

const MOST = 99;
const GRAVE = new Set(["critical", "warning"]);

const bell = document.querySelector("[data-bell]");
const badge = document.querySelector("[data-bell-count]");

function show(count) {
  setText(badge, count > MOST ? `${MOST}+` : String(count));
  badge.hidden = count === 0;
  const told = count === 0 ? "no unread" : `${count} unread`;
  setAttribute(bell, "aria-label", `Notifications, ${told}`);
}

function onRow(row, { isSnapshot }) {
  if (row.event === "unread_count") show(row.count);
  else if (!isSnapshot && row.readAt === null && GRAVE.has(row.severity)) {
    const kind = row.severity === "critical" ? "assertive" : "polite";
    toast(row.title, { kind, link: { href: "/notifications", text: "Read" } });
  }
}

if (isSignedIn && bell) stream.subscribe("notifications", {}, { onRow });
