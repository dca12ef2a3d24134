/** What the pages of plugins ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const PluginFields = graphql(`
  fragment PluginFields on Plugin {
    name
    version
    versions
    description
    contract
    kinds
    asks
    grants
    missing
    configSchema
    digest
    signedBy
  }
`);

export const PluginList = graphql(`
  query PluginList {
    plugins {
      ...PluginFields
    }
  }
`);

export const OnePlugin = graphql(`
  query OnePlugin($name: String!) {
    plugin(name: $name) {
      ...PluginFields
    }
  }
`);

export const InstallPlugin = graphql(`
  mutation InstallPlugin($archive: String!) {
    installPlugin(archive: $archive) {
      name
      version
      missing
    }
  }
`);

export const GrantPlugin = graphql(`
  mutation GrantPlugin($name: String!, $grants: [String!]!) {
    grantPlugin(name: $name, grants: $grants) {
      name
      grants
      missing
    }
  }
`);

export const RollBackPlugin = graphql(`
  mutation RollBackPlugin($name: String!, $to: String) {
    rollbackPlugin(name: $name, to: $to) {
      name
      version
    }
  }
`);

export const RemovePlugin = graphql(`
  mutation RemovePlugin($name: String!) {
    removePlugin(name: $name)
  }
`);

export const PluginHealth = graphql(`
  query PluginHealth($name: String!) {
    plugin(name: $name) {
      name
      health {
        instances
        calls
        failures
        traps
        limitHits
        seconds
        lastFailure {
          at
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

export const PluginLogs = graphql(`
  query PluginLogs($name: String!, $level: PluginLogLevel, $after: String, $first: Int) {
    plugin(name: $name) {
      name
      logs(level: $level, after: $after, first: $first) {
        nodes {
          at
          level
          call
          message
          fields
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);
