import { beforeEach, describe, expect, it, vi } from "vitest";
import { kept } from "@/lib/storage.ts";
import { endSession, identify, restore, setUp, signIn, signInWithToken, signOut, takeFromAddress, useSession } from "./session.ts";

const ann = { name: "ann", user: "user_1", role: "editor", read_only: false, session: "session_1", operations: ["workflows", "saveWorkflow"] };
let asked: { path: string; method: string; headers: Record<string, string>; body: unknown }[] = [];

/** The server answers everything with this. */
function serve(status: number, body: unknown) {
  asked = [];
  vi.stubGlobal("fetch", (path: string, init: { method: string; headers: Record<string, string>; body: string | null }) => {
    asked.push({ path, method: init.method, headers: init.headers, body: init.body === null ? null : (JSON.parse(init.body) as unknown) });
    return Promise.resolve(status === 204 ? new Response(null, { status }) : new Response(JSON.stringify(body), { status }));
  });
}

beforeEach(() => {
  localStorage.clear();
  useSession.setState({ stage: "asking", who: null, operations: null, token: null, setup: null, refused: false });
});

describe("who is signed in", () => {
  it("is found by the cookie, with a header that no form of another site can send", async () => {
    serve(200, ann);
    await restore();
    expect(asked).toEqual([{ path: "/api/session", method: "GET", headers: { "X-Sluice-CSRF": "1" }, body: null }]);
    expect(useSession.getState().stage).toBe("in");
    expect(useSession.getState().operations?.has("saveWorkflow")).toBe(true);
  });

  it("is nobody where the server says so, and a token that it refuses is forgotten", async () => {
    serve(401, { code: "unauthorized", message: "nobody is signed in" });
    useSession.setState({ token: "old" });
    await restore();
    expect(useSession.getState()).toMatchObject({ stage: "out", token: null, refused: true });
    expect(kept("token")).toBeNull();
  });

  it("signs in by a password, which is kept nowhere, and ends as one page that asks again", async () => {
    serve(200, ann);
    await signIn("ann", "correct horse battery");
    expect(asked[0]).toMatchObject({ path: "/api/session", method: "POST", body: { name: "ann", password: "correct horse battery" } });
    expect(JSON.stringify(localStorage)).not.toContain("correct horse");
    endSession();
    expect(useSession.getState()).toMatchObject({ stage: "ended", who: ann });
  });

  it("tells a wrong password without letting anybody in", async () => {
    serve(401, { code: "unauthorized", message: "name or password is wrong" });
    await expect(signIn("ann", "wrong")).rejects.toMatchObject({ problem: { code: "unauthorized" } });
    expect(useSession.getState().who).toBeNull();
    endSession();
    // Who was not in is not asked to sign in again.
    expect(useSession.getState().stage).toBe("asking");
  });

  it("keeps a token only where the server took it", async () => {
    serve(401, { code: "unauthorized", message: "no" });
    await expect(signInWithToken("wrong")).rejects.toBeDefined();
    expect([useSession.getState().token, kept("token")]).toEqual([null, null]);
    serve(200, { ...ann, session: null });
    await signInWithToken("right");
    expect([identify(), kept("token")]).toEqual([{ Authorization: "Bearer right" }, "right"]);
    serve(204, null);
    await signOut();
    expect([asked, kept("token"), useSession.getState().stage]).toEqual([[], null, "out"]);
  });

  it("makes the first admin by what the address carried, which stays in no history", async () => {
    window.history.replaceState(null, "", "/#setup=a%2Fb");
    takeFromAddress();
    expect([window.location.hash, useSession.getState().setup]).toEqual(["", "a/b"]);
    await restore();
    expect(useSession.getState().stage).toBe("out");
    serve(200, { ...ann, role: "admin" });
    await setUp("a/b", "ann", "correct horse battery");
    expect(asked[0]).toMatchObject({ path: "/api/setup", body: { setup: "a/b", name: "ann", password: "correct horse battery" } });
    expect(useSession.getState()).toMatchObject({ stage: "in", setup: null });
  });
});
