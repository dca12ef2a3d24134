/** What the pages of alerts ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const DeliveryFields = graphql(`
  fragment DeliveryFields on AlertDelivery {
    id
    channel
    level
    status
    reason
    nextAt
    messageId
    providerId
    createdAt
    endedAt
    attempts {
      number
      at
      outcome
      code
      message
      durationMs
      nextAt
    }
  }
`);

export const AlertRow = graphql(`
  fragment AlertRow on Alert {
    id
    severity
    title
    workflow
    raisedAt
    duplicateOf
    acknowledgedAt
    deliveries {
      id
      channel
      status
      reason
    }
  }
`);

export const AlertList = graphql(`
  query AlertList($filter: AlertFilterInput, $after: String, $first: Int!) {
    alerts(filter: $filter, after: $after, first: $first) {
      edges {
        node {
          ...AlertRow
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

export const OneAlert = graphql(`
  query OneAlert($id: String!) {
    alert(id: $id) {
      id
      severity
      title
      text
      fields {
        name
        value
      }
      link
      labels {
        name
        value
      }
      workflow
      runId
      step
      raisedAt
      duplicateOf
      acknowledgedAt
      acknowledgedBy
      comment
      deliveries {
        ...DeliveryFields
      }
    }
  }
`);

export const RetryDelivery = graphql(`
  mutation RetryDelivery($id: String!) {
    retryDelivery(id: $id) {
      id
      status
      attempts {
        number
        message
      }
    }
  }
`);

export const AcknowledgeAlert = graphql(`
  mutation AcknowledgeAlert($id: String!, $comment: String) {
    acknowledgeAlert(id: $id, comment: $comment) {
      id
    }
  }
`);

export const AlertPolicy = graphql(`
  query AlertPolicy {
    alertPolicy
  }
`);

export const AlertChannels = graphql(`
  query AlertChannels {
    channels(first: 200) {
      nodes {
        name
        kind
      }
    }
  }
`);

export const ApplyPolicy = graphql(`
  mutation ApplyPolicy($text: String!) {
    applyAlertPolicy(text: $text) {
      text
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

export const DeletePolicy = graphql(`
  mutation DeletePolicy {
    deleteAlertPolicy
  }
`);

export const PreviewAlert = graphql(`
  query PreviewAlert($input: AlertPreviewInput!) {
    previewAlert(input: $input) {
      severity
      subject
      text
      markdown
      fields {
        name
        value
      }
    }
  }
`);
