/** What the pages of runs ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const RunRow = graphql(`
  fragment RunRow on Run {
    id
    status
    trigger
    workflowName
    createdAt
    startedAt
    finishedAt
    error {
      message
    }
    steps {
      id
      rowsOut
      rowsRejected
    }
  }
`);

export const RunList = graphql(`
  query RunList($workflow: String, $statuses: [RunStatusWord!], $after: String) {
    runs(workflow: $workflow, statuses: $statuses, after: $after, first: 50) {
      nodes {
        ...RunRow
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const RunWorkflows = graphql(`
  query RunWorkflows {
    workflows(first: 200) {
      nodes {
        id
        name
      }
    }
  }
`);

export const RunStep = graphql(`
  fragment RunStep on Step {
    id
    status
    attempts
    outputs
    rowsIn
    rowsOut
    rowsRejected
    bytes
    durationMs
    busyMs
    cpuMs
    peakMemory
    ports
    startedAt
    finishedAt
    error {
      code
      message
      hint
      path
      line
      column
    }
  }
`);

export const RunDetail = graphql(`
  query RunDetail($id: String!) {
    run(id: $id) {
      id
      status
      trigger
      inputs
      workflowId
      workflowName
      createdAt
      startedAt
      finishedAt
      version {
        number
        text
      }
      error {
        code
        message
        hint
        path
        line
        column
      }
      steps {
        ...RunStep
      }
    }
  }
`);

export const RunLogs = graphql(`
  query RunLogs($id: String!, $after: String) {
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

export const RunArtifacts = graphql(`
  query RunArtifacts($id: String!) {
    run(id: $id) {
      id
      artifacts {
        name
        step
        rows
        bytes
        createdAt
      }
    }
  }
`);

export const RunEvents = graphql(`
  subscription RunEvents($run: String!) {
    runEvents(run: $run) {
      runId
      status
      step
      stepStatus
      rowsIn
      rowsOut
      rowsRejected
      ports
      log {
        at
      }
      error {
        code
        message
        hint
        path
        line
        column
      }
    }
  }
`);

export const AllRunEvents = graphql(`
  subscription AllRunEvents {
    runEvents {
      runId
      status
    }
  }
`);

export const CancelRun = graphql(`
  mutation CancelRun($id: String!) {
    cancelRun(id: $id) {
      id
      status
    }
  }
`);

export const RetryRun = graphql(`
  mutation RetryRun($id: String!, $from: String) {
    retryRun(id: $id, from: $from) {
      id
      status
    }
  }
`);
