/** A run's log: what was written before, and what is heard while it goes on, each line once. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { request } from "./client.ts";
import { graphql } from "./generated/gql.ts";
import type { RunLine } from "./run-events.ts";

const ReadLog = graphql(`
  query ReadLog($id: String!, $after: String) {
    run(id: $id) {
      id
      logs(after: $after, first: 200) {
        nodes {
          at
          step
          level
          message
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** `state` is anything that changes when the log should be read anew. */
export function useRunLog(run: string, state: string, heard: readonly RunLine[]): readonly RunLine[] {
  const { data, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["ReadLog", run, state],
    queryFn: ({ pageParam, signal }) => request(ReadLog, { id: run, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.run.logs.pageInfo.hasNextPage ? last.run.logs.pageInfo.endCursor : undefined),
    enabled: run !== "",
  });
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return useMemo(() => {
    const read = data?.pages.flatMap((page) => page.run.logs.nodes) ?? [];
    const known = new Set(read.map(spell));
    return [...read, ...heard.filter((line) => !known.has(spell(line)))];
  }, [data, heard]);
}

function spell(line: RunLine): string {
  return [line.at, line.level, line.step ?? "", line.message].join(" ");
}
