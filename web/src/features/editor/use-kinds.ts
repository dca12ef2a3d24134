import { useMemo } from "react";
import { useData } from "@/graphql/client.ts";
import type { Schema } from "@/lib/schema-fields.ts";
import type { Kind, Kinds } from "./graph/graph.ts";
import { EditorKinds } from "./operations.ts";

const NONE: Kinds = new Map();

/** What step kinds this server has; empty until it has told. */
export function useKinds(): { kinds: Kinds; isLoaded: boolean } {
  const { data } = useData(EditorKinds, {}, { staleTime: Infinity });
  const kinds = useMemo(() => {
    if (!data) return NONE;
    return new Map(
      data.stepKinds.map((kind): [string, Kind] => [
        kind.name,
        {
          name: kind.name,
          summary: kind.summary,
          ports: kind.ports,
          outputs: kind.outputs,
          takesRows: kind.inputs,
          hasNamedPorts: kind.namedPorts,
          schema: JSON.parse(kind.schema) as Schema,
        },
      ]),
    );
  }, [data]);
  return { kinds, isLoaded: data !== undefined };
}
