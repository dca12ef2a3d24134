/** A sink: posts each batch as lines of JSON. The key of the batch goes along, so that the receiver knows a repeat. */

import { PluginError, type Host, type Sink, type Value } from "sluice";

/** What a user sets; `plugin.toml` publishes the same as JSON Schema. */
interface Settings {
  url: string;
}

function settings(host: Host): Settings {
  const { url } = host.settings<Settings>();
  if (typeof url !== "string") throw PluginError.config("url", "`url` must be a text");
  return { url };
}

export const sink: Sink = {
  check: (host) => void settings(host),

  open(host, columns) {
    const { url } = settings(host);
    return {
      write(rows, { key }) {
        if (rows.rows === 0) return 0;
        const body = rows.objects(columns).map((row) => `${JSON.stringify(row, plain)}\n`).join("");
        const headers = { "content-type": "application/x-ndjson", "idempotency-key": key };
        // 2xx is success; 429 and 5xx may be tried again; all else is final.
        host.send({ method: "post", url, headers, body }).success("the receiver");
        return rows.rows;
      },
      commit() {},
    };
  },
};

/** What JSON has no word for becomes a text. */
function plain(_: string, value: Value | unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("") : value;
}
