/** What the page of channels asks of the server. */
import { graphql } from "@/graphql/generated/gql.ts";

export const ChannelRow = graphql(`
  fragment ChannelRow on Channel {
    name
    kind
    settings
    hasSecret
    updatedAt
  }
`);

export const ChannelList = graphql(`
  query ChannelList {
    channels(first: 200) {
      nodes {
        ...ChannelRow
      }
    }
  }
`);

export const ChannelKinds = graphql(`
  query ChannelKinds {
    channelKinds {
      kind
      summary
      schema
      secrets {
        name
        about
      }
    }
  }
`);

export const CreateChannel = graphql(`
  mutation CreateChannel($name: String!, $input: ChannelInput!) {
    createChannel(name: $name, input: $input) {
      name
    }
  }
`);

export const UpdateChannel = graphql(`
  mutation UpdateChannel($name: String!, $input: ChannelInput!) {
    updateChannel(name: $name, input: $input) {
      name
    }
  }
`);

export const DeleteChannel = graphql(`
  mutation DeleteChannel($name: String!) {
    deleteChannel(name: $name)
  }
`);

export const TestChannel = graphql(`
  mutation TestChannel($name: String!, $severity: AlertSeverity) {
    testChannel(name: $name, severity: $severity) {
      ok
      message
      code
      hint
      providerId
    }
  }
`);
