import { useEffect, useState } from "react";
import { request } from "@/graphql/client.ts";
import { useEditor } from "./document/store.ts";
import { CheckDocument } from "./operations.ts";

const PAUSE = 250;

/** Has the server check the text whenever it rests for a moment. Answers whether an answer is awaited. */
export function useCheck(): boolean {
  const text = useEditor((state) => state.text);
  const [isChecking, setChecking] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    setChecking(true);
    const timer = setTimeout(() => {
      request(CheckDocument, { text }, abort.signal)
        .then(({ check }) => useEditor.getState().setProblems(check))
        // Unreachable: the frame says so, and the next change asks again.
        .catch(() => undefined)
        .finally(() => {
          if (!abort.signal.aborted) setChecking(false);
        });
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return isChecking;
}
