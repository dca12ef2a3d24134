/** What the editor asks of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const EditorWorkflow = graphql(`
  query EditorWorkflow($id: String!) {
    workflow(id: $id) {
      id
      name
      versionNumber
      version {
        number
        text
      }
    }
  }
`);

export const EditorKinds = graphql(`
  query EditorKinds {
    stepKinds {
      name
      summary
      schema
      ports
      outputs
      inputs
      namedPorts
    }
  }
`);

export const CheckDocument = graphql(`
  query CheckDocument($text: String!) {
    check(text: $text) {
      code
      message
      hint
      path
      line
      column
    }
  }
`);

export const SaveDocument = graphql(`
  mutation SaveDocument($text: String!) {
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
        path
        line
        column
      }
    }
  }
`);

export const TryDocument = graphql(`
  mutation TryDocument($document: String!, $upTo: String, $rows: Int, $pins: [TrialPin!]) {
    tryDocument(document: $document, upTo: $upTo, rows: $rows, pins: $pins) {
      problems {
        code
        message
        hint
        path
        line
        column
      }
      trial {
        timedOut
        steps {
          id
          status
          error {
            code
            message
            hint
          }
        }
        ports {
          step
          port
          total
          rows
          columns {
            name
            nativeType
          }
        }
        targets {
          step
          connection
          table
          plugin
          rows
          makesTable
          missingColumns
        }
      }
    }
  }
`);

export const StartRun = graphql(`
  mutation StartRun($workflow: String!, $inputs: String) {
    startRun(workflow: $workflow, inputs: $inputs) {
      id
    }
  }
`);

export const WorkflowVersions = graphql(`
  query WorkflowVersions($id: String!) {
    workflow(id: $id) {
      id
      versions(first: 50) {
        nodes {
          id
          number
          text
          createdAt
        }
      }
    }
  }
`);

export const StepRuns = graphql(`
  query StepRuns($id: String!) {
    workflow(id: $id) {
      id
      runs(first: 10) {
        nodes {
          id
          status
          createdAt
          steps {
            id
            status
            rowsIn
            rowsOut
            rowsRejected
            durationMs
            error {
              message
            }
          }
        }
      }
    }
  }
`);

export const ConnectionNames = graphql(`
  query ConnectionNames {
    connections(first: 200) {
      nodes {
        name
        system
      }
    }
  }
`);

export const TableNames = graphql(`
  query TableNames($connection: String!) {
    connection(name: $connection) {
      name
      tables(first: 200) {
        nodes
      }
    }
  }
`);

export const ColumnNames = graphql(`
  query ColumnNames($connection: String!, $table: String!) {
    table(connection: $connection, name: $table) {
      name
      key
      columns {
        name
        nativeType
      }
    }
  }
`);
