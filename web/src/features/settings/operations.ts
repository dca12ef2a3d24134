/** What the settings ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const ServerView = graphql(`
  query ServerView {
    server {
      version
      startedAt
      settings {
        group
        flag
        variable
        value
      }
      stores
      keys {
        source
        keys {
          fingerprint
          sealed
        }
        outdated
        unreadable
      }
    }
  }
`);

export const MailChannels = graphql(`
  query MailChannels {
    channels(first: 200) {
      nodes {
        name
        kind
        settings
      }
    }
  }
`);

export const CleanupWorkflows = graphql(`
  query CleanupWorkflows($after: String) {
    workflows(after: $after, first: 200) {
      nodes {
        name
        enabled
        outline {
          nextRunAt
          schedules
        }
        version {
          text
        }
      }
    }
  }
`);

export const BackupList = graphql(`
  query BackupList($connection: String, $after: String, $first: Int!) {
    backups(connection: $connection, after: $after, first: $first) {
      nodes {
        id
        connection
        folder
        method
        bytes
        checksum
        durationMs
        status
        error
        runId
        createdAt
        verifiedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);
