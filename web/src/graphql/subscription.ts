/** Listens to the server by graphql-transport-ws; one socket for the whole page, reopened after a break. */
import { createClient, type Client } from "graphql-ws";
import { useEffect, useRef } from "react";
import type { TypedDocumentString } from "./generated/graphql.ts";
import { useSession } from "./session.ts";

let client: Client | undefined;

function socket(): Client {
  client ??= createClient({
    url: `${window.location.protocol === "https:" ? "wss" : "ws"}://${window.location.host}/graphql/ws`,
    // Without a token the session's cookie comes along by itself.
    connectionParams: () => {
      const { token } = useSession.getState();
      return token === null ? {} : { token };
    },
    lazy: true,
    retryAttempts: Number.MAX_SAFE_INTEGER,
    retryWait: async (tries) => {
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** tries, 5000)));
      await whoever();
    },
    shouldRetry: () => true,
  });
  return client;
}

/** Waits until somebody is signed in. */
function whoever(): Promise<void> {
  return new Promise((resolve) => {
    if (useSession.getState().stage === "in") return resolve();
    const stop = useSession.subscribe(({ stage }) => {
      if (stage !== "in") return;
      stop();
      resolve();
    });
    return undefined;
  });
}

/** Listens until the returned function is called. `onEnd` comes when the stream ends by itself. */
export function listen<T, V extends Record<string, unknown>>(
  document: TypedDocumentString<T, V>,
  variables: V,
  onData: (data: T) => void,
  onEnd: () => void = () => undefined,
): () => void {
  return socket().subscribe<T>(
    { query: document.toString(), variables },
    {
      next: (message) => {
        if (message.data) onData(message.data);
      },
      // What was missed is read again by whoever listens.
      error: onEnd,
      complete: onEnd,
    },
  );
}

/** Listens while the component is there, and `isOn`. */
export function useSubscription<T, V extends Record<string, unknown>>(
  document: TypedDocumentString<T, V>,
  variables: V,
  isOn: boolean,
  onData: (data: T) => void,
  onEnd?: () => void,
): void {
  const handlers = useRef({ onData, onEnd });
  handlers.current = { onData, onEnd };
  const key = JSON.stringify(variables);
  useEffect(() => {
    if (!isOn) return undefined;
    return listen(
      document,
      JSON.parse(key) as V,
      (data) => handlers.current.onData(data),
      () => handlers.current.onEnd?.(),
    );
  }, [document, key, isOn]);
}
