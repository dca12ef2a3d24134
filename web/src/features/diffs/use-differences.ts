/** A comparison's rows, page by page, and all of them for a file. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { request } from "@/graphql/client.ts";
import type { DiffRowsQuery } from "@/graphql/generated/graphql.ts";
import { readDifference, type Difference } from "./differences.ts";
import { DiffRows } from "./operations.ts";

const PAGE = 200;
/** So many differences a file holds at most: a browser keeps it in memory. */
export const FILE_MOST = 100_000;

export function useDifferences(run: string, isOn: boolean) {
  const pages = useInfiniteQuery({
    queryKey: ["DiffRows", run],
    queryFn: ({ pageParam, signal }) => request(DiffRows, { run, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.diffRows.next ?? undefined,
    enabled: isOn,
    retry: false,
    // Each page compares anew: never on its own.
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const { data } = pages;
  return useMemo(() => {
    const first = data?.pages[0]?.diffRows;
    const rows = data?.pages.flatMap((page) => page.diffRows.rows.map(readDifference)) ?? [];
    return { ...pages, rows, key: first?.key ?? [], columns: first?.columns ?? [] };
  }, [data, pages]);
}

/** All differences, read anew. */
export async function readAll(run: string, onCount: (count: number) => void): Promise<{ rows: Difference[]; key: readonly string[]; columns: readonly string[]; isCut: boolean }> {
  const rows: Difference[] = [];
  let after: string | null = null;
  for (;;) {
    const { diffRows }: DiffRowsQuery = await request(DiffRows, { run, after, first: PAGE });
    rows.push(...diffRows.rows.map(readDifference));
    onCount(rows.length);
    after = diffRows.next ?? null;
    if (after === null || rows.length >= FILE_MOST) return { rows, key: diffRows.key, columns: diffRows.columns, isCut: after !== null };
  }
}
