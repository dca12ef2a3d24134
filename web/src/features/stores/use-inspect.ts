import { useState } from "react";
import { tell } from "@/components/toast.tsx";
import { queryClient, request } from "@/graphql/client.ts";
import { asProblem } from "@/graphql/problem.ts";
import { documentOf, workflowOf } from "./inspection.ts";
import { SaveInspection, StartInspection } from "./operations.ts";

/** Inspects connections, one after the other; the workflow of each is made where there is none yet. */
export function useInspect(): { inspect: (connections: readonly string[], known: ReadonlySet<string>) => Promise<void>; isBusy: boolean } {
  const [isBusy, setBusy] = useState(false);
  const inspect = async (connections: readonly string[], known: ReadonlySet<string>) => {
    setBusy(true);
    for (const connection of connections) {
      try {
        // One that is there may have got a schedule, which stays.
        if (!known.has(workflowOf(connection))) {
          const { saveWorkflow } = await request(SaveInspection, { text: documentOf(connection) });
          const [problem] = saveWorkflow.problems;
          if (problem) {
            tell(problem.message, { isBad: true });
            continue;
          }
        }
        await request(StartInspection, { workflow: workflowOf(connection) });
      } catch (error) {
        tell(asProblem(error).message, { isBad: true });
      }
    }
    setBusy(false);
    await queryClient.invalidateQueries();
  };
  return { inspect, isBusy };
}
