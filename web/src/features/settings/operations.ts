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
      name
      kind
      settings
    }
  }
`);

export const CleanupWorkflows = graphql(`
  query CleanupWorkflows($after: String) {
    workflows(after: $after, first: 200) {
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
`);

export const BackupList = graphql(`
  query BackupList($connection: String, $before: String, $first: Int!) {
    backups(connection: $connection, before: $before, first: $first) {
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
  }
`);
