/** What the pages of anomalies ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const AnomalyFields = graphql(`
  fragment AnomalyFields on Anomaly {
    id
    rule
    severity
    state
    connection
    table
    scope
    message
    details
    count
    firstSeen
    lastSeen
    runId
    changedBy
    changedAt
    comment
    alertedAt
  }
`);

export const AnomalyList = graphql(`
  query AnomalyList($filter: AnomalyFilterInput, $after: String, $first: Int!) {
    anomalies(filter: $filter, after: $after, first: $first) {
      nodes {
        ...AnomalyFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const OneAnomaly = graphql(`
  query OneAnomaly($id: String!) {
    anomaly(id: $id) {
      ...AnomalyFields
    }
  }
`);

export const AcknowledgeAnomaly = graphql(`
  mutation AcknowledgeAnomaly($id: String!, $comment: String) {
    acknowledgeAnomaly(id: $id, comment: $comment) {
      id
      state
    }
  }
`);

export const ResolveAnomaly = graphql(`
  mutation ResolveAnomaly($id: String!, $comment: String) {
    resolveAnomaly(id: $id, comment: $comment) {
      id
      state
    }
  }
`);

export const ReopenAnomaly = graphql(`
  mutation ReopenAnomaly($id: String!, $comment: String) {
    reopenAnomaly(id: $id, comment: $comment) {
      id
      state
    }
  }
`);

export const AnomalyRules = graphql(`
  query AnomalyRules {
    anomalyRules {
      rule
      thresholds
      severity
      muted
      channels
      dedupeSeconds
    }
  }
`);

export const ConfigureRule = graphql(`
  mutation ConfigureRule($rule: AnomalyRuleInput!) {
    configureAnomalyRule(rule: $rule) {
      rule
    }
  }
`);

export const ResetRule = graphql(`
  mutation ResetRule($rule: String!) {
    resetAnomalyRule(rule: $rule)
  }
`);
