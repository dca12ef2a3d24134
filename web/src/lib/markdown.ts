/** As much of Markdown as alerts are written in, as a tree to be drawn. Pure; nothing of it is ever HTML. */

export type Inline = { kind: "text" | "code" | "strong" | "em"; text: string } | { kind: "link"; text: string; to: string };

export type Block =
  | { kind: "paragraph"; inlines: Inline[] }
  | { kind: "heading"; level: number; inlines: Inline[] }
  | { kind: "list"; isNumbered: boolean; items: Inline[][] }
  | { kind: "code"; text: string }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] };

export function readMarkdown(text: string): Block[] {
  const lines = text.split(/\r?\n/);
  const blocks: Block[] = [];
  let at = 0;
  const take = (fits: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && fits(lines[at] ?? "")) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at++;
    } else if (line.startsWith("```")) {
      at++;
      const code = take((one) => !one.startsWith("```"));
      at++;
      blocks.push({ kind: "code", text: code.join("\n") });
    } else if (isTable(line, lines[at + 1])) {
      const [head = "", , ...rows] = take((one) => one.includes("|"));
      blocks.push({ kind: "table", head: cells(head), rows: rows.map(cells) });
    } else if (/^#{1,6} /.test(line)) {
      at++;
      const [, marks = "", title = ""] = /^(#+) (.*)$/.exec(line) ?? [];
      blocks.push({ kind: "heading", level: marks.length, inlines: readInlines(title) });
    } else if (ITEM.test(line)) {
      const isNumbered = /^\s*\d/.test(line);
      const items = take((one) => ITEM.test(one)).map((one) => readInlines(one.replace(ITEM, "")));
      blocks.push({ kind: "list", isNumbered, items });
    } else {
      const paragraph = take((one) => one.trim() !== "" && !ITEM.test(one) && !one.startsWith("```") && !/^#{1,6} /.test(one) && (one === line || !one.includes("|")));
      blocks.push({ kind: "paragraph", inlines: readInlines(paragraph.join("\n")) });
    }
  }
  return blocks;
}

const ITEM = /^\s*(?:[-*+]|\d+[.)]) /;

function isTable(line: string, next: string | undefined): boolean {
  return line.includes("|") && next !== undefined && next.includes("-") && /^[\s|:-]+$/.test(next);
}

function cells(line: string): Inline[][] {
  const bare = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  // A bar behind a backslash belongs to the value.
  return bare.split(/(?<!\\)\|/).map((cell) => readInlines(cell.trim().replaceAll("\\|", "|")));
}

const MARKS = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\((https?:[^\s)]+)\)/g;

export function readInlines(text: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > from) found.push({ kind: "text", text: text.slice(from, match.index) });
    const [whole, code, strong, em, label, to] = match;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else if (em !== undefined) found.push({ kind: "em", text: em });
    else if (label !== undefined && to !== undefined) found.push({ kind: "link", text: label, to });
    from = match.index + whole.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}
