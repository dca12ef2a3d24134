/** An alert as ntfy's JSON: https://docs.ntfy.sh/publish/#publish-as-json. */

import { encodeText, type Message, type Severity } from "sluice";

/** Longer messages become attachments. */
const BYTES = 4096;
const TITLE = 250;
const FIELDS = 30;

const PRIORITY: Record<Severity, number> = { critical: 5, warning: 4, resolved: 3, info: 2 };
const TAG: Record<Severity, string> = {
  critical: "rotating_light", warning: "warning", resolved: "white_check_mark", info: "information_source",
};

/** The body of the request. */
export function messageOf(message: Message, topic: string, tags: string[]): Record<string, unknown> {
  const { severity, title, text, fields, link } = message;
  const lines = fields.slice(0, FIELDS).map(([name, value]) => `- **${oneLine(name)}**: ${oneLine(value)}`);
  if (fields.length > FIELDS) lines.push(`- … and ${fields.length - FIELDS} more`);
  const body: Record<string, unknown> = {
    topic,
    title: cut(oneLine(title), TITLE, (it) => it.length),
    message: cut([text, ...lines].join("\n"), BYTES, (it) => encodeText(it).length),
    markdown: true,
    priority: PRIORITY[severity],
    tags: [TAG[severity], ...tags],
  };
  if (link !== undefined && /^https?:\/\//.test(link)) body["click"] = link;
  return body;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The longest beginning that fits, with `…` where something was left out. */
function cut(text: string, most: number, size: (text: string) => number): string {
  if (size(text) <= most) return text;
  const characters = [...text];
  let [fits, fails] = [0, characters.length];
  while (fails - fits > 1) {
    const middle = (fits + fails) >> 1;
    if (size(`${characters.slice(0, middle).join("")}…`) <= most) fits = middle;
    else fails = middle;
  }
  return `${characters.slice(0, fits).join("")}…`;
}
