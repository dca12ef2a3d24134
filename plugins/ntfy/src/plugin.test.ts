import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeText, type Message } from "sluice";
import { alert, errorOf, FakeHost, jsonBody } from "sluice/testing";
import { messageOf } from "./message.ts";
import { channel } from "./plugin.ts";

function host(settings: Record<string, unknown> = {}): FakeHost {
  return new FakeHost({ settings: { topic: "loads", ...settings }, secrets: { token: "tk_1" } });
}

const SENT = '{"id":"hwQ2YpKdmg","event":"message","topic":"loads"}';

test("an alert is published as JSON to the server's root", () => {
  const fake = host({ base: "https://ntfy.example.com/", tags: ["etl"] }).answer(200, SENT);
  assert.equal(channel.deliver(fake, alert("look *here*"), "key"), "hwQ2YpKdmg");
  const [request] = fake.requests;
  assert.equal(request?.url, "https://ntfy.example.com/");
  assert.equal(request?.headers?.["authorization"], "Bearer tk_1");
  const body = jsonBody(request) as Record<string, unknown>;
  assert.deepEqual([body["topic"], body["priority"], body["markdown"]], ["loads", 5, true]);
  assert.deepEqual(body["tags"], ["rotating_light", "etl"]);
  assert.match(String(body["message"]), /^look \*here\*\n- \*\*workflow\*\*: market-day\n- \*\*error\*\*: a < b @all$/);
  assert.equal(body["click"], "https://sluice.example/runs/7?a=1&b=2");
});

test("a repeat is not sent again, another alert is", () => {
  const fake = host().answer(200, SENT).answer(200, SENT);
  assert.equal(channel.deliver(fake, alert("a"), "key"), "hwQ2YpKdmg");
  assert.equal(channel.deliver(fake, alert("a"), "key"), "hwQ2YpKdmg");
  assert.equal(fake.requests.length, 1);
  channel.deliver(fake, alert("b"), "other");
  assert.equal(fake.requests.length, 2);
});

test("a message is cut where it would become an attachment", () => {
  const long: Message = { ...alert("漲".repeat(5000)), title: "t".repeat(1000) };
  const body = messageOf(long, "loads", []) as { message: string; title: string };
  assert.ok(encodeText(body.message).length <= 4096 && encodeText(body.message).length > 4090);
  assert.ok(body.message.endsWith("…") && body.title.length === 250);
});

test("what may pass is told from what is final", () => {
  const cases: [number, string, string][] = [
    [429, '{"code":42901,"http":429,"error":"limit reached"}', "transient"],
    [500, "", "transient"],
    [403, '{"code":40301,"http":403,"error":"forbidden"}', "auth"],
    [400, '{"code":40024,"http":400,"error":"invalid request"}', "permanent"],
  ];
  for (const [status, answer, kind] of cases) {
    const error = errorOf(() => channel.deliver(host().answer(status, answer), alert("x"), "key"));
    assert.equal(error.kind, kind);
  }
});

test("settings of nonsense are refused by name", () => {
  assert.equal(errorOf(() => channel.check?.(host({ topic: "two words" }))).field, "topic");
  assert.equal(errorOf(() => channel.check?.(host({ base: "ftp://x" }))).field, "base");
});
