/** A channel: posts an alert as JSON. The key goes along, so that the receiver knows a repeat. */

import { PluginError, type Channel, type Host } from "sluice";

/** What a user sets; `plugin.toml` publishes the same as JSON Schema. */
interface Settings {
  url: string;
}

function settings(host: Host): Settings {
  const { url } = host.settings<Settings>();
  if (typeof url !== "string") throw PluginError.config("url", "`url` must be a text");
  return { url };
}

export const channel: Channel = {
  check: (host) => void settings(host),

  deliver(host, message, key) {
    const { url } = settings(host);
    const headers: Record<string, string> = { "content-type": "application/json", "idempotency-key": key };
    const token = host.findSecret("token");
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    const body = JSON.stringify({ ...message, fields: Object.fromEntries(message.fields) });
    // 2xx is success; 429 and 5xx may be tried again; all else is final.
    const answer = host.send({ method: "post", url, headers, body }).success("the receiver").text(64 << 10);
    return idOf(answer);
  },
};

/** The receiver's id for the alert, where it answers with one. */
function idOf(answer: string): string | undefined {
  try {
    const { id } = JSON.parse(answer) as { id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}
