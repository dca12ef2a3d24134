/** What the pages about people ask of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const PersonFields = graphql(`
  fragment PersonFields on User {
    id
    name
    role
    disabled
    hasPassword
    createdAt
    signedInAt
    grants {
      thing
      pattern
      level
    }
  }
`);

export const PersonList = graphql(`
  query PersonList($after: String, $first: Int!) {
    users(after: $after, first: $first) {
      nodes {
        ...PersonFields
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const CreatePerson = graphql(`
  mutation CreatePerson($name: String!, $password: String, $role: RoleWord!) {
    createUser(name: $name, password: $password, role: $role) {
      id
      name
    }
  }
`);

export const UpdatePerson = graphql(`
  mutation UpdatePerson($id: String!, $role: RoleWord, $disabled: Boolean) {
    updateUser(id: $id, role: $role, disabled: $disabled) {
      id
    }
  }
`);

export const DeletePerson = graphql(`
  mutation DeletePerson($id: String!) {
    deleteUser(id: $id)
  }
`);

export const ResetPassword = graphql(`
  mutation ResetPassword($id: String!, $password: String!) {
    resetPassword(id: $id, password: $password)
  }
`);

export const SetGrant = graphql(`
  mutation SetGrant($user: String!, $thing: ThingWord!, $pattern: String!, $level: LevelWord!) {
    setGrant(user: $user, thing: $thing, pattern: $pattern, level: $level) {
      id
    }
  }
`);

export const RemoveGrant = graphql(`
  mutation RemoveGrant($user: String!, $thing: ThingWord!, $pattern: String!) {
    removeGrant(user: $user, thing: $thing, pattern: $pattern) {
      id
    }
  }
`);

export const SessionList = graphql(`
  query SessionList($all: Boolean) {
    sessions(all: $all, first: 200) {
      nodes {
        id
        userId
        current
        createdAt
        seenAt
        expiresAt
        address
        browser
      }
    }
  }
`);

export const EndSession = graphql(`
  mutation EndSession($id: String!) {
    endSession(id: $id)
  }
`);

export const TokenList = graphql(`
  query TokenList($all: Boolean) {
    tokens(all: $all, first: 200) {
      nodes {
        id
        userId
        name
        role
        readOnly
        createdAt
        expiresAt
        usedAt
      }
    }
  }
`);

export const CreateToken = graphql(`
  mutation CreateToken($input: TokenInput!) {
    createToken(input: $input) {
      text
      token {
        id
        name
      }
    }
  }
`);

export const RevokeToken = graphql(`
  mutation RevokeToken($id: String!) {
    revokeToken(id: $id)
  }
`);

export const ChangePassword = graphql(`
  mutation ChangePassword($old: String!, $new: String!) {
    changePassword(oldPassword: $old, newPassword: $new)
  }
`);

export const AuditLog = graphql(`
  query AuditLog($filter: AuditFilterInput, $after: String, $first: Int!) {
    auditLog(filter: $filter, after: $after, first: $first) {
      edges {
        node {
          number
          at
          who
          way
          address
          operation
          subject
          outcome
          given
          before
          after
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const AuditVerdict = graphql(`
  query AuditVerdict {
    auditVerdict {
      whole
      entries
      checkpoints
      faultCount
      firstBroken {
        entry
        message
      }
      faults {
        entry
        message
      }
    }
  }
`);
