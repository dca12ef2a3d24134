/** What the pages of stores ask of the server: runs of a workflow with one step `inspect` for each connection. */
import { graphql } from "@/graphql/generated/gql.ts";

export const StoreRun = graphql(`
  fragment StoreRun on Run {
    id
    status
    createdAt
    error {
      code
      message
      hint
    }
    steps {
      id
      outputs
    }
  }
`);

export const StoreList = graphql(`
  query StoreList {
    connections(first: 200) {
      nodes {
        name
        system
      }
    }
    workflows(first: 200) {
      nodes {
        id
        name
        outline {
          tags
        }
        runs(first: 1) {
          nodes {
            ...StoreRun
          }
        }
      }
    }
  }
`);

export const StoreDetail = graphql(`
  query StoreDetail($workflow: String!) {
    workflow(id: $workflow) {
      id
      outline {
        schedules
        nextRunAt
      }
      runs(first: 100) {
        nodes {
          ...StoreRun
        }
      }
    }
  }
`);

export const SaveInspection = graphql(`
  mutation SaveInspection($text: String!) {
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

export const StartInspection = graphql(`
  mutation StartInspection($workflow: String!) {
    startRun(workflow: $workflow) {
      id
    }
  }
`);
