/** What the pages of comparisons ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const DiffList = graphql(`
  query DiffList($after: String) {
    workflows(first: 200, after: $after) {
      nodes {
        id
        name
        updatedAt
        outline {
          description
          tags
        }
        runs(first: 1) {
          nodes {
            id
            status
            createdAt
            steps {
              id
              outputs
            }
          }
        }
      }
    }
  }
`);

export const StartDiff = graphql(`
  mutation StartDiff($input: DiffInput!) {
    startDiff(input: $input) {
      run {
        id
      }
    }
  }
`);

export const DiffDetail = graphql(`
  query DiffDetail($run: String!) {
    diff(run: $run) {
      key
      isCounted
      differences
      missing
      extra
      changed
      equal
      leftRows
      rightRows
      percent
      strategy
      reasons
      notes
      complete
      error {
        code
        message
        hint
        path
      }
      run {
        id
        status
        workflowName
        createdAt
        startedAt
        finishedAt
        version {
          text
        }
        steps {
          id
          outputs
          rowsIn
          error {
            code
            message
            hint
            path
          }
        }
      }
    }
  }
`);

export const DiffRows = graphql(`
  query DiffRows($run: String!, $after: String, $first: Int!) {
    diffRows(run: $run, after: $after, first: $first) {
      key
      columns
      next
      rows {
        kind
        key
        values
        changes {
          column
          left
          right
        }
      }
    }
  }
`);

export const DiffRepair = graphql(`
  query DiffRepair($run: String!, $first: Int!) {
    diffRepair(run: $run, first: $first) {
      statements
      complete
    }
  }
`);

export const CancelDiff = graphql(`
  mutation CancelDiff($id: String!) {
    cancelRun(id: $id) {
      id
      status
    }
  }
`);
