/** What the server says about a tab: the names its editor may complete, and what its statement would do. */
import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { keyOf, request, useData } from "@/graphql/client.ts";
import type { CheckStatementQuery } from "@/graphql/generated/graphql.ts";
import { CheckStatement, ConsoleColumns, ConsoleTables } from "./operations.ts";
import { tablesIn, type Chosen } from "./statement.ts";

/** Columns by table; of tables the text does not name, none are asked for. */
export type Schema = Record<string, string[]>;

export function useSchema(connection: string, text: string): Schema {
  const { data } = useData(ConsoleTables, { connection }, { enabled: connection !== "", staleTime: 60_000, retry: false });
  const tables = data?.connection.tables.nodes;
  const late = useLate(text, 300);
  const named = useMemo(() => tablesIn(late, tables ?? []), [late, tables]);
  const columns = useQueries({
    queries: named.map((table) => ({
      queryKey: keyOf(ConsoleColumns, { connection, table }),
      queryFn: ({ signal }: { signal: AbortSignal }) => request(ConsoleColumns, { connection, table }, signal),
      staleTime: 60_000,
      retry: false,
    })),
  });
  const known = columns.map((one) => one.data?.table);
  const key = known.map((table) => table?.name ?? "").join(" ");
  return useMemo(() => {
    const schema: Schema = Object.fromEntries((tables ?? []).map((table) => [table, []]));
    for (const table of known) if (table) schema[table.name] = table.columns.map((column) => column.name);
    return schema;
    // `known` is a new list each time; its names say whether anything is.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [tables, key]);
}

export type Checked = CheckStatementQuery["checkStatement"];

/** What the server says of the statement at the cursor, a moment after the last key. */
export function useCheck(connection: string, chosen: Chosen | null): Checked | undefined {
  const sql = useLate(chosen?.sql ?? "", 350);
  const { data } = useData(
    CheckStatement,
    { connection, sql, estimate: false },
    { enabled: connection !== "" && sql !== "", staleTime: 60_000, gcTime: 60_000, retry: false, refetchOnWindowFocus: false },
  );
  return sql !== "" && sql === chosen?.sql ? data?.checkStatement : undefined;
}

/** The value as it was once it had been the same for so long. */
function useLate<T>(value: T, ms: number): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return late;
}
