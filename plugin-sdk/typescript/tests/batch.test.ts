// Values of every type go into columns and come back; the same columns are read as the host lays them out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnBuilder, ColumnView, decodeText, encodeText, type Value } from "sluice";
import { errorOf } from "sluice/testing";

function built(format: string, values: Value[]) {
  const builder = new ColumnBuilder(format);
  for (const value of values) builder.push(value);
  return builder.finish();
}

test("values of every type come back, and nulls stay", () => {
  const cases: [string, Value[]][] = [
    ["n", [null, null]],
    ["b", [true, null, false]],
    ["c", [-128, 127]], ["C", [255, null]], ["s", [-32768]], ["S", [65535]], ["i", [-(2 ** 31)]], ["I", [2 ** 32 - 1]],
    ["l", [0, -1, 1, null, 2 ** 53 - 1, -(2 ** 53 - 1), 2n ** 63n - 1n, -(2n ** 63n)]],
    ["L", [0, 1, 2n ** 64n - 1n]],
    ["f", [0.5, -1.5]], ["g", [0.1, null, Infinity]],
    ["u", ["", "a", null, "grün", "漲停 🚀", "\0"]],
    ["z", [new Uint8Array([0, 255]), null, new Uint8Array(0)]],
    ["tdD", [-1, 20000]], ["tdm", [86_400_000]], ["tts", [1]], ["ttn", [86_399_999_999_999]],
    ["tsu:UTC", [1_700_000_000_000_000, -1]], ["tsn:Asia/Shanghai", [1_700_000_000_000_000_001n]], ["tDs", [-5]],
    ["d:38,10", ["1.0000000000", "-0.0000000001", null, "9999999999999999999999999999.9999999999"]],
    ["d:9,-2", ["1200", "-100"]], ["d:76,4,256", ["-12345678901234567890123456789012345678901234567890.1234"]],
    ["w:3", [new Uint8Array([1, 2, 3]), null]], ["e", [new Uint8Array([0, 60])]], ["tin", [new Uint8Array(16)]],
  ];
  for (const [format, values] of cases) {
    const view = new ColumnView(format, built(format, values), values.length);
    assert.deepEqual(values.map((_, row) => view.get(row)), values, format);
  }
});

test("columns that do not lie on borders of four are read", () => {
  const { validity, offsets, values } = built("u", ["ab", "cd"]);
  const shifted = new Uint8Array(offsets.length + 1);
  shifted.set(offsets, 1);
  const view = new ColumnView("u", { validity, offsets: shifted.subarray(1), values }, 2);
  assert.deepEqual([view.get(0), view.get(1)], ["ab", "cd"]);
});

test("a value that does not fit is refused by its row", () => {
  const cases: [string, Value][] = [
    ["c", 128], ["C", -1], ["i", 2 ** 31], ["l", 2n ** 63n], ["L", -1], ["l", 1.5], ["l", "1"], ["u", 1], ["z", "x"],
    ["d:9,2", "1.234"], ["d:9,2", "x"], ["w:2", new Uint8Array(3)],
  ];
  for (const [format, value] of cases) {
    const error = errorOf(() => built(format, [null, value]));
    assert.deepEqual([error.kind, error.row], ["data", 1], `${format} ${String(value)}`);
  }
  assert.equal(errorOf(() => new ColumnBuilder("+l")).kind, "data");
});

test("texts are UTF-8 both ways", () => {
  for (const text of ["", "plain", "grün 漲 🚀"]) assert.equal(decodeText(encodeText(text)), text);
});
