import assert from "node:assert/strict";
import { test } from "node:test";
import { alert, errorOf, FakeHost, jsonBody } from "sluice/testing";
import { channel } from "./plugin.ts";

function host(status: number, body: string) {
  return new FakeHost({ settings: { url: "https://example.com/alerts" }, secrets: { token: "t" } }).answer(status, body);
}

test("an alert is posted and its id kept", () => {
  const fake = host(200, '{"id":"7"}');
  assert.equal(channel.deliver(fake, alert("look"), "key"), "7");
  const [request] = fake.requests;
  assert.equal((jsonBody(request) as { severity: string }).severity, "critical");
  assert.equal(request?.headers?.["authorization"], "Bearer t");
});

test("a busy receiver may be tried again", () => {
  assert.equal(errorOf(() => channel.deliver(host(429, ""), alert("look"), "key")).kind, "transient");
});
