import { useEffect, useState } from "react";
import { request } from "@/graphql/client.ts";
import { useLink } from "@/graphql/link.ts";
import { useEditor } from "./document/store.ts";
import { CheckDocument } from "./operations.ts";

const PAUSE = 250;

/** Has the server check the text whenever it rests for a moment. Answers whether an answer is awaited. */
export function useCheck(): boolean {
  const text = useEditor((state) => state.text);
  const isUp = useLink((state) => state.isUp);
  const [isChecking, setChecking] = useState(false);
  useEffect(() => {
    const abort = new AbortController();
    setChecking(true);
    const timer = setTimeout(() => {
      request(CheckDocument, { text }, abort.signal)
        .then(({ check }) => {
          useEditor.getState().setProblems(check);
          setChecking(false);
        })
        // Unreachable: the frame says so, nothing is known of this text, and it is asked again when the server is back.
        .catch(() => undefined);
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, isUp]);
  return isChecking;
}
