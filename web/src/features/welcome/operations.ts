/** What the first steps ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const SaveDemo = graphql(`
  mutation SaveDemo($text: String!) {
    saveWorkflow(text: $text) {
      workflow {
        id
      }
      problems {
        code
        message
        hint
      }
    }
  }
`);

export const StartDemo = graphql(`
  mutation StartDemo($workflow: String!) {
    startRun(workflow: $workflow) {
      id
    }
  }
`);
