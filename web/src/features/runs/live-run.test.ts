import { expect, it } from "vitest";
import { pairInputs, pairSteps } from "./compare.ts";
import { apply, readPorts, statesOf, type RunView } from "./live-run.ts";

const STEP = {
  id: "rows",
  status: "RUNNING" as const,
  attempts: 1,
  outputs: "{}",
  rowsIn: 0,
  rowsOut: 0,
  rowsRejected: 0,
  bytes: 0,
  durationMs: 0,
  busyMs: 0,
  cpuMs: 0,
  peakMemory: 0,
  ports: "{}",
  startedAt: null,
  finishedAt: null,
  error: null,
};
const RUN = { id: "run_1", status: "RUNNING", steps: [STEP, { ...STEP, id: "stored" }] } as unknown as RunView;
const NOTHING = { runId: "run_1", status: null, step: null, stepStatus: null, rowsIn: null, rowsOut: null, rowsRejected: null, ports: null, log: null, error: null };

it("takes progress in without touching other steps", () => {
  const after = apply(RUN, { ...NOTHING, step: "rows", rowsIn: 7, rowsOut: 5, rowsRejected: 2, ports: '{"out":5,"rejected":2}' });
  expect(statesOf(after).get("rows")).toMatchObject({ status: "RUNNING", rowsIn: 7, ports: { out: 5, rejected: 2 } });
  expect(after.steps[1]).toBe(RUN.steps[1]);
});

it("keeps what an event does not speak of", () => {
  const failed = apply(RUN, { ...NOTHING, step: "rows", stepStatus: "FAILED", error: { code: "x", message: "no", hint: null, path: null, line: null, column: null } });
  expect(statesOf(apply(failed, { ...NOTHING, step: "rows", rowsIn: 1 })).get("rows")).toMatchObject({ status: "FAILED", error: "no", rowsIn: 1 });
  expect(apply(RUN, { ...NOTHING, status: "CANCELED" }).status).toBe("CANCELED");
});

it("reads only numbers as rows of ports", () => {
  expect(readPorts('{"out": 3, "odd": "x"}')).toEqual({ out: 3 });
  expect(readPorts("null")).toEqual({});
});

it("pairs the steps of two runs, and says which went otherwise", () => {
  const other = { id: "run_2", inputs: '{"day":"b","new":1}', steps: [{ ...STEP, rowsOut: 3 }, { ...STEP, id: "late" }] } as unknown as RunView;
  expect(pairSteps(RUN, other).map((pair) => [pair.id, pair.a !== undefined, pair.b !== undefined, pair.isDifferent])).toEqual([
    ["rows", true, true, true],
    ["stored", true, false, true],
    ["late", false, true, true],
  ]);
  expect(pairSteps(RUN, RUN).some((pair) => pair.isDifferent)).toBe(false);
  expect(pairInputs({ ...RUN, inputs: '{"day":"a"}' }, other)).toEqual([
    { name: "day", a: "a", b: "b" },
    { name: "new", a: "", b: "1" },
  ]);
});
