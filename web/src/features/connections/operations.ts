/** What the pages of connections ask of the server. A secret goes there and never comes back. */
import { graphql } from "@/graphql/generated/gql.ts";

export const ConnectionRow = graphql(`
  fragment ConnectionRow on Connection {
    name
    system
    settings
    hasSecret
    isSaved
    variable
    allowWrite
    description
    labels
    updatedAt
    lastTest {
      ok
      message
      code
      hint
      durationMs
      at
    }
  }
`);

export const ConnectionList = graphql(`
  query ConnectionList {
    connections(first: 200) {
      nodes {
        ...ConnectionRow
      }
    }
  }
`);

export const ConnectionUse = graphql(`
  query ConnectionUse($name: String!) {
    connection(name: $name) {
      name
      workflows {
        nodes
      }
    }
  }
`);

export const OneConnection = graphql(`
  query OneConnection($name: String!) {
    connection(name: $name) {
      ...ConnectionRow
      workflows {
        nodes
      }
    }
  }
`);

export const CreateConnection = graphql(`
  mutation CreateConnection($name: String!, $input: NewConnection!) {
    createConnection(name: $name, input: $input) {
      name
    }
  }
`);

export const UpdateConnection = graphql(`
  mutation UpdateConnection($name: String!, $input: ConnectionInput!) {
    updateConnection(name: $name, input: $input) {
      name
    }
  }
`);

export const DeleteConnection = graphql(`
  mutation DeleteConnection($name: String!, $force: Boolean!) {
    deleteConnection(name: $name, force: $force)
  }
`);

export const TestConnection = graphql(`
  mutation TestConnection($name: String!) {
    testConnection(name: $name) {
      ok
      message
      code
      hint
      durationMs
      at
    }
  }
`);

export const ConnectionTables = graphql(`
  query ConnectionTables($name: String!, $after: String, $first: Int!) {
    connection(name: $name) {
      name
      tables(after: $after, first: $first) {
        nodes
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const TableShape = graphql(`
  query TableShape($connection: String!, $table: String!) {
    table(connection: $connection, name: $table) {
      name
      columns {
        name
        nativeType
        nullable
        default
        comment
        isTag
      }
      key
      rowEstimate
      indexes {
        name
        columns
        unique
      }
      foreignKeys {
        name
        columns
        references
        referencedColumns
      }
      comment
    }
  }
`);
