/** Which lines two texts share, by the longest common subsequence; what begins and ends alike is set aside first. */
export interface DiffLine {
  kind: "same" | "gone" | "new";
  text: string;
}

/** Beyond so many pairs of lines the middle is shown as wholly changed, rather than keep the page waiting. */
const MOST = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const old = before.split("\n");
  const now = after.split("\n");
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  const line = (kind: DiffLine["kind"]) => (text: string) => ({ kind, text });
  return [
    ...old.slice(0, head).map(line("same")),
    ...middle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...old.slice(old.length - tail).map(line("same")),
  ];
}

function middle(old: string[], now: string[]): DiffLine[] {
  const width = now.length + 1;
  if (old.length * now.length > MOST || old.length === 0 || now.length === 0) {
    return [...old.map((text) => ({ kind: "gone" as const, text })), ...now.map((text) => ({ kind: "new" as const, text }))];
  }
  const length = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number) => length[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      length[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: old[i] ?? "" });
      i++;
      j++;
    } else if (j >= now.length || (i < old.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: "gone", text: old[i++] ?? "" });
    } else {
      lines.push({ kind: "new", text: now[j++] ?? "" });
    }
  }
  return lines;
}
