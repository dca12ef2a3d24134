/** A receiver of webhooks: answers as it is told and keeps what came. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Receiver {
  url: string;
  /** What it answers from now on. */
  answer: (status: number) => void;
  bodies: string[];
  stop: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  let status = 200;
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      bodies.push(body);
      response.writeHead(status).end(status === 200 ? "taken" : "not taken");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    answer: (next) => (status = next),
    bodies,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
