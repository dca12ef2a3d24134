/** What the list asks of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const WorkflowRow = graphql(`
  fragment WorkflowRow on Workflow {
    id
    name
    enabled
    versionNumber
    updatedAt
    outline {
      description
      tags
      schedules
      webhooks
      nextRunAt
    }
    runs(first: 12) {
      nodes {
        id
        status
        createdAt
        startedAt
        finishedAt
      }
    }
  }
`);

export const WorkflowList = graphql(`
  query WorkflowList {
    workflows(first: 200) {
      nodes {
        ...WorkflowRow
      }
    }
  }
`);

export const WorkflowText = graphql(`
  query WorkflowText($id: String!) {
    workflow(id: $id) {
      id
      name
      version {
        text
      }
    }
  }
`);

export const EnableWorkflow = graphql(`
  mutation EnableWorkflow($id: String!, $enabled: Boolean!) {
    setWorkflowEnabled(id: $id, enabled: $enabled) {
      id
      enabled
    }
  }
`);

export const DeleteWorkflow = graphql(`
  mutation DeleteWorkflow($id: String!) {
    deleteWorkflow(id: $id)
  }
`);

export const StartRunNow = graphql(`
  mutation StartRunNow($workflow: String!) {
    startRun(workflow: $workflow) {
      id
    }
  }
`);

export const ImportWorkflow = graphql(`
  mutation ImportWorkflow($text: String!) {
    saveWorkflow(text: $text) {
      workflow {
        id
        name
        versionNumber
      }
      problems {
        code
        message
        hint
        line
        column
      }
    }
  }
`);
