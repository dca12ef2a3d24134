/** What the page of tables as code asks of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const TableProblem = graphql(`
  fragment TableProblem on Problem {
    code
    message
    hint
    path
    line
    column
  }
`);

export const TableChange = graphql(`
  fragment TableChange on TableChangeView {
    summary
    sql
    lock
    rewrite
    loss
    note
  }
`);

export const PlanTables = graphql(`
  query PlanTables($document: String!) {
    tablesPlan(document: $document) {
      problems {
        ...TableProblem
      }
      tables {
        databaseType
        connection
        table
        action
        changes {
          ...TableChange
        }
        manual
        notes
        error {
          ...TableProblem
        }
        fingerprint
      }
    }
  }
`);

export const ApplyTables = graphql(`
  mutation ApplyTables($document: String!, $agreed: [TablePlanAgreement!]!, $allowDestructive: Boolean!) {
    applyTables(document: $document, agreed: $agreed, allowDestructive: $allowDestructive) {
      created
      altered
      unchanged
      manual
      failed
      skipped
      problems {
        ...TableProblem
      }
      tables {
        connection
        table
        status
        changes {
          ...TableChange
        }
        manual
        notes
        durationMs
        error {
          ...TableProblem
        }
      }
    }
  }
`);

export const ValidateTables = graphql(`
  mutation ValidateTables($document: String!) {
    validateTables(document: $document) {
      differences
      problems {
        ...TableProblem
      }
      tables {
        connection
        table
        verdict
        differences
        error {
          ...TableProblem
        }
        columns {
          column
          verdict
          wanted
          live
          differences
        }
      }
    }
  }
`);

export const ImportTables = graphql(`
  query ImportTables($connection: String!) {
    tablesImport(connection: $connection) {
      document
      tables
      leftOut
    }
  }
`);

export const TableLog = graphql(`
  query TableLog($filter: TableLogWish!, $first: Int!) {
    tableLogs(filter: $filter, first: $first) {
      nodes {
        id
        at
        who
        connection
        table
        subject
        status
        ddl
        parameters
        durationMs
        error {
          ...TableProblem
        }
      }
    }
  }
`);
