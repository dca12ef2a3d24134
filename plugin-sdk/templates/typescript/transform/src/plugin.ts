/** A transform: changes one column and hands all others on as they are. */

import { ColumnBuilder, PluginError, type Transform } from "sluice";

/** What a user sets; `plugin.toml` publishes the same as JSON Schema. */
interface Settings {
  column: string;
}

export const transform: Transform = {
  open(host, columns) {
    const { column } = host.settings<Settings>();
    const place = columns.fields.findIndex((field) => field.name === column);
    const field = columns.fields[place];
    if (field === undefined) {
      const known = columns.fields.slice(0, 20).map((it) => it.name).join(", ");
      throw PluginError.config("column", `there is no column \`${column}\`; the columns are ${known}`);
    }
    if (field.format !== "u") throw PluginError.config("column", `column \`${column}\` is no text`);
    return {
      output: columns,
      process(rows) {
        const view = rows.column(place, field);
        const changed = new ColumnBuilder("u");
        for (let row = 0; row < rows.rows; row += 1) changed.push(view.text(row)?.toUpperCase());
        return [rows.with(place, changed.finish())];
      },
    };
  },
};
