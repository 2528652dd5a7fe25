// The bytes of the next frame, encoded once for all subscribers.
let number = 10_000_000;

export function frame() {
  number += 1;
  return Buffer.from(process.env.FRAME.replace("@", String(number)));
}
