/** A source: hands over rows page by page, and can go on after any page. */

import { Batch, PluginError, schema, type Source } from "sluice";

/** Rows of one page. */
const PAGE = 1000;

/** What a user sets; `plugin.toml` publishes the same as JSON Schema. */
interface Settings {
  rows: number;
  prefix?: string;
}

const columns = schema({ id: "l", name: "u" });

export const source: Source = {
  open(host, cursor) {
    const { rows, prefix = "row" } = host.settings<Settings>();
    if (!Number.isInteger(rows) || rows < 0) throw PluginError.config("rows", "`rows` must be a whole number from 0");
    // The cursor is what this plugin gave with a page: the number of the next row.
    let next = cursor === undefined ? 0 : Number(cursor);
    if (!Number.isInteger(next) || next < 0) throw PluginError.permanent(`\`${cursor}\` is no cursor of mine`);
    return {
      columns,
      resume: "cursor",
      next() {
        if (next >= rows) return undefined;
        const end = Math.min(rows, next + PAGE);
        const page = [];
        for (let id = next; id < end; id += 1) page.push({ id, name: `${prefix} ${id}` });
        next = end;
        host.progress(end, rows, "rows");
        return { rows: Batch.of(columns, page), cursor: String(end) };
      },
    };
  },
};
