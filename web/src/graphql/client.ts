/** Sends operations. Their types come from `generated/`, made from the server's schema. */
import { QueryClient, useMutation, useQuery, type UseMutationOptions, type UseQueryOptions } from "@tanstack/react-query";
import type { TypedDocumentString } from "./generated/graphql.ts";
import { reportDown, reportUp } from "./link.ts";
import { ApiProblem, readProblem } from "./problem.ts";
import { endSession, identify, useSession } from "./session.ts";

interface Answer<T> {
  data?: T | null;
  errors?: unknown[];
}

const SIGNED_OUT = { code: "unauthorized", message: "nobody is signed in" };

/** Asks the server; an error of any kind is thrown as `ApiProblem`. */
export async function request<T, V>(document: TypedDocumentString<T, V>, variables?: V, signal?: AbortSignal): Promise<T> {
  // Until somebody signs in again there is nobody to ask as.
  if (useSession.getState().stage === "ended") throw new ApiProblem(SIGNED_OUT);
  let response: Response;
  try {
    response = await fetch("/graphql", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...identify() },
      body: JSON.stringify({ query: document.toString(), variables: variables ?? {} }),
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    reportDown();
    throw new ApiProblem({ code: "server_unreachable", message: "the server does not answer" });
  }
  // A proxy answers for a server that is away, but not with JSON.
  const answer = (await response.json().catch(() => undefined)) as Answer<T> | undefined;
  if (response.status === 401) {
    endSession();
    throw new ApiProblem(readProblem(answer) ?? SIGNED_OUT);
  }
  if (answer === undefined) {
    if (response.status >= 500) reportDown();
    throw new ApiProblem({ code: "unexpected", message: `the server answered with status ${response.status}` });
  }
  reportUp();
  const problem = answer.errors?.length ? readProblem(answer.errors[0]) : response.ok ? undefined : readProblem(answer);
  if (problem) throw new ApiProblem(problem);
  if (answer.data === undefined || answer.data === null) {
    throw new ApiProblem({ code: "unexpected", message: "the server's answer holds no data" });
  }
  return answer.data;
}

/** Asks a route beside GraphQL; an error of any kind is thrown as `ApiProblem`. */
async function call(path: string, init: { method: string; headers?: Record<string, string>; body?: Blob }): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, headers: { ...init.headers, ...identify() } });
  } catch {
    reportDown();
    throw new ApiProblem({ code: "server_unreachable", message: "the server does not answer" });
  }
  if (response.ok) return response;
  if (response.status === 401) endSession();
  const answer: unknown = await response.json().catch(() => undefined);
  throw new ApiProblem(readProblem(answer) ?? { code: "unexpected", message: `the server answered with status ${response.status}` });
}

/** Sends a file; an error of any kind is thrown as `ApiProblem`. */
export async function upload<T>(path: string, file: Blob): Promise<T> {
  const response = await call(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
  return (await response.json().catch(() => undefined)) as T;
}

/** Fetches a file; an error of any kind is thrown as `ApiProblem`. */
export async function fetchFile(path: string): Promise<Blob> {
  return (await call(path, { method: "GET" })).blob();
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      refetchOnWindowFocus: true,
      // A refusal stays one; only an unreachable server may come back.
      retry: (count, error) => error instanceof ApiProblem && error.problem.code === "server_unreachable" && count < 20,
      retryDelay: (count) => Math.min(500 * 2 ** count, 5000),
    },
    mutations: { retry: false },
  },
});

/** The cache's key of an operation: its own name, then the variables. */
export function keyOf<T, V>(document: TypedDocumentString<T, V>, variables?: V): readonly unknown[] {
  const name = /^\s*(?:query|mutation)\s+(\w+)/m.exec(document.toString())?.[1] ?? document.toString();
  return variables === undefined ? [name] : [name, variables];
}

/** Reads through the cache. */
export function useData<T, V>(
  document: TypedDocumentString<T, V>,
  variables: V,
  options: Omit<UseQueryOptions<T>, "queryKey" | "queryFn"> = {},
) {
  return useQuery<T>({
    ...options,
    queryKey: keyOf(document, variables),
    queryFn: ({ signal }) => request(document, variables, signal),
  });
}

/** Changes something on the server; afterwards everything that was read is read again. */
export function useChange<T, V>(document: TypedDocumentString<T, V>, options: UseMutationOptions<T, Error, V> = {}) {
  return useMutation<T, Error, V>({
    ...options,
    mutationFn: (variables) => request(document, variables),
    onSettled: async (...all) => {
      await queryClient.invalidateQueries();
      return options.onSettled?.(...all);
    },
  });
}
