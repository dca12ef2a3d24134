/** What the pages of monitors ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const MonitorFinding = graphql(`
  fragment MonitorFinding on MonitorResult {
    runId
    at
    status
    measures
    value
    trend
    passed
  }
`);

export const MonitorList = graphql(`
  query MonitorList {
    monitors(first: 200) {
      nodes {
        name
        template
        description
        cron
        enabled
        last {
          ...MonitorFinding
        }
      }
    }
  }
`);

export const MonitorDetail = graphql(`
  query MonitorDetail($name: String!, $first: Int!) {
    monitorResults(name: $name, first: $first) {
      nodes {
        ...MonitorFinding
      }
    }
    workflow(id: $name) {
      id
      name
      enabled
      outline {
        description
        schedules
        nextRunAt
      }
      version {
        text
      }
    }
  }
`);

export const MonitorDocument = graphql(`
  query MonitorDocument($name: String!) {
    workflow(id: $name) {
      id
      version {
        text
      }
    }
  }
`);

export const CreateMonitor = graphql(`
  mutation CreateMonitor($input: MonitorInput!) {
    createMonitor(input: $input) {
      name
    }
  }
`);

export const RunMonitor = graphql(`
  mutation RunMonitor($name: String!) {
    startRun(workflow: $name) {
      id
    }
  }
`);

export const EnableMonitor = graphql(`
  mutation EnableMonitor($id: String!, $enabled: Boolean!) {
    setWorkflowEnabled(id: $id, enabled: $enabled) {
      id
      enabled
    }
  }
`);
