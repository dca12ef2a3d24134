/** A `sluice serve` process of its own for each file of journeys, on a free port and in a fresh folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Server {
  base: string;
  token: string;
  /** What makes the first admin, once. */
  setup: string;
  /** A folder of its own, gone when it stops. */
  folder: string;
  /** Puts a file where workflows read files from. */
  file: (name: string, text: string) => void;
  graphql: <T>(query: string, variables?: Record<string, unknown>) => Promise<T>;
  stop: () => Promise<void>;
}

/** The program under test; the chore that runs the journeys names it. */
export const program = process.env["SLUICE_PROGRAM"];

/** Starts a server; `more` are further flags of `serve`. */
export async function startServer(more: readonly string[] = []): Promise<Server> {
  if (!program) throw new Error("SLUICE_PROGRAM names no server; `cargo xtask test` does");
  const folder = mkdtempSync(join(tmpdir(), "sluice-journey-"));
  const data = join(folder, "data");
  const child = spawn(program, ["--data-dir", data, "serve", "--listen", "127.0.0.1:0", ...more], { stdio: ["ignore", "pipe", "inherit"] });
  const { base, setup } = await address(child);
  const token = readFileSync(join(data, "api-token"), "utf8").trim();
  mkdirSync(join(data, "files"), { recursive: true });
  return {
    base,
    token,
    setup,
    folder,
    file: (name, text) => writeFileSync(join(data, "files", name), text),
    graphql: async <T>(query: string, variables: Record<string, unknown> = {}) => {
      const response = await fetch(`${base}/graphql`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      });
      const answer = (await response.json()) as { data: T; errors?: unknown };
      if (answer.errors) throw new Error(JSON.stringify(answer.errors));
      return answer.data;
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The address it says it is at, and the link for the first admin that follows. */
function address(child: ChildProcess): Promise<{ base: string; setup: string }> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error("the server's output is not piped"));
    let base: string | undefined;
    createInterface({ input: child.stdout }).on("line", (line) => {
      base ??= /ready at (http:\S+)/.exec(line)?.[1];
      const setup = /#setup=(\S+)/.exec(line)?.[1];
      if (base && setup) resolve({ base, setup });
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code ?? "a signal"}`)));
    return undefined;
  });
}
