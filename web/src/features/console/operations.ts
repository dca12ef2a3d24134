/** What the console asks of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const ConsoleConnections = graphql(`
  query ConsoleConnections {
    connections(first: 200) {
      nodes {
        name
        system
        allowWrite
      }
    }
  }
`);

export const ConsoleTables = graphql(`
  query ConsoleTables($connection: String!) {
    connection(name: $connection) {
      name
      tables(first: 200) {
        nodes
      }
    }
  }
`);

export const ConsoleColumns = graphql(`
  query ConsoleColumns($connection: String!, $table: String!) {
    table(connection: $connection, name: $table) {
      name
      columns {
        name
        nativeType
      }
    }
  }
`);

export const CheckStatement = graphql(`
  query CheckStatement($connection: String!, $sql: String!, $estimate: Boolean!) {
    checkStatement(connection: $connection, sql: $sql, estimate: $estimate) {
      effect
      tables
      refusal
      estimatedRows
      estimatedCost
      plan
      problem {
        code
        message
        hint
        line
        column
      }
    }
  }
`);

export const RunStatement = graphql(`
  mutation RunStatement($input: StatementInput!) {
    runStatement(input: $input) {
      id
      columns {
        name
        nativeType
      }
      rows
      truncated
      affected
      durationMs
    }
  }
`);

export const CancelStatement = graphql(`
  mutation CancelStatement($id: String!) {
    cancelStatement(id: $id)
  }
`);

export const StatementHistory = graphql(`
  query StatementHistory($connection: String, $after: String) {
    statements(connection: $connection, after: $after, first: 50) {
      nodes {
        id
        connection
        sql
        who
        startedAt
        outcome
        rows
        truncated
        durationMs
        errorCode
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);
