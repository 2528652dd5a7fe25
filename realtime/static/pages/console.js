/**
 * The console: one socket to either protocol, templates to send, and every frame that passes.
 *
 * The token of a signed-in reader is asked for when a frame with `{token}` is sent. It is held in that
 * call alone: it is in no address, no storage and no line of the list.
 */

import { isSignedIn } from "../client.js";
import { get } from "../client/api.js";
import { fetchPageToken, SignedOut } from "../client/tokens.js";
import { Frames } from "../console/frames.js";
import { filled, templatesOf } from "../console/templates.js";
import { el, pageData, setAttribute, setText } from "../ui/dom.js";
import "../ui/shell.js";

const KEEP_MS = 25_000; // between pings: the ledger ends a silent connection after 60 s
const PINGS = { Dualis: '{"type":"ping"}', Notional: '{"method":"ping"}' };
const PATHS = { Dualis: "/v1/ws", Notional: "/ws" };

const root = document.querySelector("[data-console]");
const at = (name) => root.querySelector(`[data-${name}]`);
const [select, field, note, form] = [at("template"), at("frame"), at("frame-note"), at("send-form")];
const own = pageData("own-account");
const frames = new Frames({ list: at("frames"), empty: at("frames-empty"), count: at("frames-count") });

let reference = null;
let protocol = "Dualis";
let socket = null;
let pingedAt = null;
let keeper = null;

function address() {
  const url = new URL(PATHS[protocol], location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

function say(state, text) {
  setAttribute(at("socket-state"), "data-state", state);
  setText(at("socket-state"), text);
  const isOpen = state === "open";
  at("connect").disabled = socket !== null;
  at("disconnect").disabled = socket === null;
  for (const name of ["send", "ping"]) at(name).disabled = !isOpen;
}

function nameOf(frame) {
  return frame?.type === "data" ? frame.channel : (frame?.type ?? frame?.channel ?? frame?.method ?? "");
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function connect() {
  const mine = new WebSocket(address());
  socket = mine;
  say("connecting", "Connecting");
  mine.onopen = () => {
    frames.take("note", `Connected to ${mine.url}`, "open");
    say("open", "Connected");
    keeper = setInterval(() => transmit(PINGS[protocol]), KEEP_MS);
    if (protocol === "Dualis" && isSignedIn) send('{"type":"auth","token":"{token}"}');
  };
  mine.onmessage = ({ data }) => {
    const frame = parse(data);
    if ((frame?.type ?? frame?.channel) === "pong" && pingedAt !== null) {
      setText(at("latency"), `${(performance.now() - pingedAt).toFixed(1)} ms there and back`);
      pingedAt = null;
    }
    frames.take("in", data, nameOf(frame));
  };
  mine.onclose = ({ code, reason }) => {
    if (socket !== mine) return;
    clearInterval(keeper);
    socket = null;
    pingedAt = null;
    const why = `Closed with ${code}${reason ? `: ${reason}` : ""}`;
    frames.take("note", why, "close");
    say("closed", why);
  };
}

function transmit(text) {
  if (socket?.readyState !== WebSocket.OPEN) return;
  socket.send(text);
  frames.take("out", text, nameOf(parse(text)));
}

/** Send a text, with a fresh token where it asks for one. */
async function send(text) {
  if (!text.includes("{token}")) return transmit(text);
  if (!isSignedIn) return setText(note, "Sign in to get a token, or put your own in its place.");
  try {
    const { token } = await fetchPageToken();
    transmit(text.replaceAll("{token}", token));
  } catch (error) {
    setText(note, error instanceof SignedOut ? "You are signed out." : "There is no token to be had now.");
  }
}

function fill() {
  const found = templatesOf(reference, protocol);
  select.replaceChildren(...found.map(({ title, name }) => el("option", { value: name }, title)));
  choose(found);
  select.onchange = () => choose(found);
}

function choose(found) {
  const template = found.find(({ name }) => name === select.value) ?? found[0];
  field.value = filled(template.text, own);
  check();
}

function check() {
  const isSound = parse(field.value) !== null;
  setAttribute(field, "aria-invalid", String(!isSound));
  setText(note, isSound ? "" : "This is not JSON. It can be sent; the server will say so.");
}

for (const button of root.querySelectorAll("[data-protocol]")) {
  button.addEventListener("click", () => {
    if (button.dataset.protocol === protocol) return;
    protocol = button.dataset.protocol;
    for (const other of root.querySelectorAll("[data-protocol]")) {
      setAttribute(other, "aria-pressed", String(other === button));
    }
    socket?.close();
    setText(at("address"), address());
    if (reference) fill();
  });
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  setText(note, "");
  send(field.value);
});
field.addEventListener("input", check);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
at("connect").addEventListener("click", connect);
at("disconnect").addEventListener("click", () => socket?.close());
at("ping").addEventListener("click", () => {
  pingedAt = performance.now();
  transmit(PINGS[protocol]);
});
at("frames-filter").addEventListener("input", ({ target }) => {
  frames.needle = target.value;
});
at("pause").addEventListener("click", ({ currentTarget: button }) => {
  const isPaused = button.getAttribute("aria-pressed") !== "true";
  setAttribute(button, "aria-pressed", String(isPaused));
  setText(button, isPaused ? "Go on" : "Pause");
  frames.isPaused = isPaused;
});
at("clear").addEventListener("click", () => frames.clear());
addEventListener("pagehide", () => socket?.close());

setText(at("address"), address());
get(root.dataset.asyncapi)
  .then((found) => {
    reference = found;
    fill();
    root.setAttribute("data-ready", "");
  })
  .catch((error) => setText(note, `The templates cannot be had: ${error.message}`));
