/** What the pages of transfers ask of the server, which calls them migrations. */
import { graphql } from "@/graphql/generated/gql.ts";

export const TransferProgress = graphql(`
  fragment TransferProgress on MigrationProgress {
    runId
    state
    rows
    rowsExpected
    rejected
    bytes
    chunks
    chunksDone
    seconds
    rowsPerSecond
    secondsLeft
    error
    tables
  }
`);

export const TransferList = graphql(`
  query TransferList {
    migrations(first: 200) {
      nodes {
        name
        settings
        progress {
          ...TransferProgress
        }
      }
    }
  }
`);

export const TransferDetail = graphql(`
  query TransferDetail($name: String!) {
    migration(name: $name) {
      name
      description
      settings
      progress {
        ...TransferProgress
      }
    }
    workflow(id: $name) {
      id
      runs(first: 20) {
        nodes {
          id
          status
          inputs
          createdAt
          startedAt
          finishedAt
          error {
            code
            message
            hint
          }
        }
      }
    }
  }
`);

export const TransferLook = graphql(`
  query TransferLook($input: MigrationInput!, $full: Boolean!) {
    migrationLook(input: $input, full: $full, sample: 5) {
      hasMore
      leftOut {
        kind
        name
        table
        message
      }
      tables {
        source
        target
        exists
        rowEstimate
        notes
        statements
        sample
        columns {
          target
          targetType
          source
          sourceType
        }
        hazards {
          column
          kind
          rows
          message
          isLoss
          hint
        }
        error {
          code
          message
          hint
        }
      }
    }
  }
`);

export const CreateTransfer = graphql(`
  mutation CreateTransfer($name: String!, $input: MigrationInput!, $replace: Boolean!) {
    createMigration(name: $name, input: $input, replace: $replace) {
      name
    }
  }
`);

export const StartTransfer = graphql(`
  mutation StartTransfer($name: String!) {
    startMigration(name: $name) {
      id
    }
  }
`);

export const CancelTransfer = graphql(`
  mutation CancelTransfer($name: String!) {
    cancelMigration(name: $name) {
      name
    }
  }
`);

export const ResumeTransfer = graphql(`
  mutation ResumeTransfer($name: String!) {
    resumeMigration(name: $name) {
      name
    }
  }
`);

export const ValidateTransfer = graphql(`
  mutation ValidateTransfer($name: String!) {
    validateMigration(name: $name) {
      id
    }
  }
`);
