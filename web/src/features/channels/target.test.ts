import { expect, it } from "vitest";
import { targetOf } from "./target.ts";

it("tells where a channel leads by its most telling setting", () => {
  expect(targetOf('{"host":"mail.example.com","to":["a@example.com","b@example.com"]}')).toBe("a@example.com, b@example.com");
  expect(targetOf('{"url":"https://ops.example.com/hook","headers":{}}')).toBe("https://ops.example.com/hook");
  expect(targetOf('{"at_all":true}')).toBe("");
  expect(targetOf("nonsense")).toBe("");
});
