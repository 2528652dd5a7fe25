// Fastify with @fastify/websocket: every subscriber gets what the control socket asks for.
import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { frame } from "./frame.mjs";

const subscribers = new Set();
const app = Fastify();
await app.register(websocket, {
  options: { perMessageDeflate: process.env.DEFLATE ? { threshold: 0 } : false },
});

app.get("/control", { websocket: true }, (socket) => {
  socket.on("message", (count) => {
    for (let n = Number(count); n > 0; n -= 1) {
      const text = frame();
      for (const subscriber of subscribers) subscriber.send(text, { binary: false });
    }
  });
});

app.get("/", { websocket: true }, (socket) => {
  subscribers.add(socket);
  socket.on("close", () => subscribers.delete(socket));
});

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
