/**
 * Who this browser is signed in as: by the cookie of a session, which scripts cannot read, or by an API token that came
 * from the sign-in page or the address's `#token=…`. What the server lets nobody in for any more is `ended`: the page
 * stays as it is, and asks to sign in again above it.
 */
import { create } from "zustand";
import { keep, kept } from "@/lib/storage.ts";
import { reportDown, reportUp } from "./link.ts";
import { ApiProblem, readProblem } from "./problem.ts";

export type Role = "viewer" | "operator" | "editor" | "admin";

/** As the server tells it. */
export interface Who {
  name: string;
  /** Id of the person; null for the server's own token. */
  user: string | null;
  role: Role;
  read_only: boolean;
  session: string | null;
  operations: string[];
}

export interface SessionOptions {
  password: boolean;
  oidc: boolean;
  setup: boolean;
}

type Stage = "asking" | "out" | "in" | "ended";

interface SessionState {
  stage: Stage;
  who: Who | null;
  /** Fields of the API that may be asked for; null: not known. */
  operations: ReadonlySet<string> | null;
  token: string | null;
  /** What the address of a first visit carries, until there is an admin. */
  setup: string | null;
  /** Whether the server refused the token that was kept. */
  refused: boolean;
}

export const useSession = create<SessionState>()(() => ({ stage: "asking", who: null, operations: null, token: kept("token"), setup: null, refused: false }));

/** Whether the person may ask for that field of the API. Until the server has told, everything is offered. */
export function useMay(operation: string): boolean {
  return useSession((state) => state.operations === null || state.operations.has(operation));
}

/** The headers that show who asks; with a cookie, one that a form of another site cannot send. */
export function identify(): Record<string, string> {
  const { token } = useSession.getState();
  return token ? { Authorization: `Bearer ${token}` } : { "X-Sluice-CSRF": "1" };
}

/** Asks the server who this browser is. */
export async function restore(): Promise<void> {
  const { setup, token } = useSession.getState();
  if (setup !== null) {
    useSession.setState({ stage: "out" });
    return;
  }
  try {
    enter(await ask<Who>("GET", "/api/session"));
  } catch (error) {
    const isDown = error instanceof ApiProblem && error.problem.code === "server_unreachable";
    if (isDown) {
      setTimeout(() => void restore(), 1500);
      return;
    }
    if (token !== null) keep("token", null);
    useSession.setState({ stage: "out", token: null, refused: token !== null });
  }
}

/** Signs in by name and password. */
export async function signIn(name: string, password: string): Promise<Who> {
  const who = await ask<Who>("POST", "/api/session", { name, password });
  forgetToken();
  enter(who);
  return who;
}

/** Signs in by an API token. */
export async function signInWithToken(token: string): Promise<Who> {
  useSession.setState({ token });
  try {
    const who = await ask<Who>("GET", "/api/session");
    keep("token", token);
    enter(who);
    return who;
  } catch (error) {
    useSession.setState({ token: null });
    throw error;
  }
}

/** Makes the first admin. */
export async function setUp(setup: string, name: string, password: string): Promise<void> {
  const who = await ask<Who>("POST", "/api/setup", { setup, name, password });
  forgetToken();
  enter(who);
}

export async function signOut(): Promise<void> {
  if (useSession.getState().token === null) await ask("DELETE", "/api/session").catch(() => undefined);
  forgetToken();
  useSession.setState({ stage: "out", who: null, operations: null });
}

/** The server lets nobody in for what is shown any more. */
export function endSession(): void {
  const { stage } = useSession.getState();
  if (stage === "in") useSession.setState({ stage: "ended" });
}

/** Which ways of signing in there are. */
export function readOptions(): Promise<SessionOptions> {
  return ask<SessionOptions>("GET", "/api/session/options");
}

/** Takes a token or a setup link out of the address, so that it stays in no history and no bookmark. */
export function takeFromAddress(): void {
  const match = /^#(token|setup)=([^&]+)$/.exec(window.location.hash);
  if (!match?.[2]) return;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  const text = decodeURIComponent(match[2]);
  if (match[1] === "setup") {
    useSession.setState({ setup: text });
    return;
  }
  keep("token", text);
  useSession.setState({ token: text });
}

function enter(who: Who): void {
  useSession.setState({ stage: "in", who, operations: new Set(who.operations), setup: null, refused: false });
}

function forgetToken(): void {
  keep("token", null);
  useSession.setState({ token: null });
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...identify(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    reportDown();
    throw new ApiProblem({ code: "server_unreachable", message: "the server does not answer" });
  }
  if (response.status === 204) return undefined as T;
  const answer: unknown = await response.json().catch(() => undefined);
  if (answer === undefined && response.status >= 500) {
    reportDown();
    throw new ApiProblem({ code: "server_unreachable", message: "the server does not answer" });
  }
  reportUp();
  if (!response.ok) throw new ApiProblem(readProblem(answer) ?? { code: "unexpected", message: `the server answered with status ${response.status}` });
  return answer as T;
}
