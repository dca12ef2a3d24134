/** What there is to choose from: connections, their tables, and the columns of one. Several features ask the same. */
import { useMemo } from "react";
import { useData } from "./client.ts";
import { graphql } from "./generated/gql.ts";
import type { CatalogTableQuery } from "./generated/graphql.ts";

const CatalogConnections = graphql(`
  query CatalogConnections {
    connections(first: 200) {
      nodes {
        name
        system
      }
    }
  }
`);

const CatalogTables = graphql(`
  query CatalogTables($name: String!) {
    connection(name: $name) {
      name
      tables(first: 200) {
        nodes
      }
    }
  }
`);

const CatalogTable = graphql(`
  query CatalogTable($connection: String!, $table: String!) {
    table(connection: $connection, name: $table) {
      name
      key
      rowEstimate
      columns {
        name
        nativeType
        nullable
        default
      }
    }
  }
`);

export type CatalogShape = CatalogTableQuery["table"];
export type CatalogColumn = CatalogShape["columns"][number];

export interface CatalogConnection {
  name: string;
  system: string;
}

const NONE: readonly never[] = [];

/** All connections; undefined while they are loading. */
export function useConnections(): readonly CatalogConnection[] | undefined {
  return useData(CatalogConnections, {}, { staleTime: 30_000 }).data?.connections.nodes;
}

/** The names of a connection's first tables, and why there are none. */
export function useTables(connection: string): { tables: readonly string[]; error: Error | null; isLoading: boolean } {
  const { data, error, isFetching } = useData(
    CatalogTables,
    { name: connection },
    { enabled: connection !== "", retry: false, staleTime: 30_000 },
  );
  return { tables: data?.connection.tables.nodes ?? NONE, error, isLoading: isFetching && !data };
}

/** A table as its system describes it; a table that is not there answers nothing. */
export function useTable(connection: string, table: string): { shape: CatalogShape | undefined; error: Error | null; isLoading: boolean } {
  const { data, error, isFetching } = useData(
    CatalogTable,
    { connection, table },
    { enabled: connection !== "" && table !== "", retry: false, staleTime: 30_000 },
  );
  return useMemo(() => ({ shape: data?.table, error, isLoading: isFetching && !data }), [data, error, isFetching]);
}
