// The `ws` package: every subscriber gets what the control socket asks for.
import { WebSocketServer } from "ws";
import { frame } from "./frame.mjs";

const subscribers = new Set();
const perMessageDeflate = process.env.DEFLATE ? { threshold: 0 } : false;
const server = new WebSocketServer({ port: Number(process.env.PORT), host: "127.0.0.1", perMessageDeflate });

server.on("connection", (socket, request) => {
  if (request.url === "/control") {
    socket.on("message", (count) => {
      for (let n = Number(count); n > 0; n -= 1) {
        const text = frame();
        for (const subscriber of subscribers) subscriber.send(text, { binary: false });
      }
    });
    return;
  }
  subscribers.add(socket);
  socket.on("close", () => subscribers.delete(socket));
});
