/** A channel to ntfy. What a message looks like is in `message.ts`, what was delivered before in `once.ts`. */

import { PluginError, type Channel, type ErrorKind, type Host, type Response } from "sluice";
import { messageOf } from "./message.ts";
import { once } from "./once.ts";

/** What a user sets; `plugin.toml` publishes the same as JSON Schema. */
export interface Settings {
  topic: string;
  base?: string;
  tags?: string[];
}

export const channel: Channel = {
  check: (host) => void settings(host),

  deliver(host, message, key) {
    const { topic, base, tags } = settings(host);
    return once(host, `${base} ${topic}`, key, () => {
      const headers: Record<string, string> = { "content-type": "application/json" };
      const token = host.findSecret("token");
      if (token !== undefined) headers["authorization"] = `Bearer ${token.trim()}`;
      const body = JSON.stringify(messageOf(message, topic, tags));
      return delivered(host.send({ method: "post", url: `${base}/`, headers, body, timeoutMs: 15_000 }));
    });
  },
};

function settings(host: Host): Required<Settings> {
  const { topic, base = "https://ntfy.sh", tags = [] } = host.settings<Settings>();
  if (typeof topic !== "string" || !/^[-_A-Za-z0-9]{1,64}$/.test(topic)) {
    throw PluginError.config("topic", "`topic` must be 1 to 64 letters, digits, `-` and `_`");
  }
  if (typeof base !== "string" || !/^https?:\/\/[^/]/.test(base)) {
    throw PluginError.config("base", "`base` must begin with `https://` or `http://`");
  }
  return { topic, base: base.replace(/\/+$/, ""), tags };
}

/** The message's id, or what the server refused: its errors are `{"code":40301,"http":403,"error":"forbidden"}`. */
function delivered(answer: Response): string | undefined {
  const { status } = answer;
  const text = answer.text(64 << 10);
  const body = parsed(text);
  if (status >= 200 && status < 300) return typeof body["id"] === "string" ? body["id"] : undefined;
  const said = typeof body["error"] === "string" ? body["error"] : text.trim();
  const wait = Number(answer.header("retry-after"));
  throw new PluginError(kindOf(status), `ntfy answered with status ${status}: ${said.slice(0, 200)}`, {
    retryAfterMs: wait > 0 ? wait * 1000 : undefined,
  });
}

function kindOf(status: number): ErrorKind {
  if (status === 401 || status === 403) return "auth";
  return status === 408 || status === 429 || status >= 500 ? "transient" : "permanent";
}

function parsed(text: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
