// Read by relay-compiler alone: what runs imports what it makes of these.
import { graphql } from 'react-relay'

graphql`
  query profileQuery($slug: String!) {
    researcher(by: { slug: $slug }) {
      ...profile_head
      ...profile_works
    }
  }
`

graphql`
  fragment profile_head on Researcher
  @refetchable(queryName: "profileHeadRefetchQuery")
  @argumentDefinitions(topics: { type: "Int", defaultValue: 3 }) {
    id
    displayName
    followerCount
    viewerIsFollowing
    topics(first: $topics) {
      edges {
        node {
          displayName
        }
      }
    }
  }
`

graphql`
  fragment profile_works on Researcher
  @refetchable(queryName: "profileWorksPaginationQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    works(first: $count, after: $cursor, orderBy: NEWEST) @connection(key: "profile_works") {
      edges {
        node {
          id
          title
          source {
            displayName
          }
        }
      }
    }
  }
`

graphql`
  mutation profileFollowMutation($id: ID!) {
    follow(input: { subjectId: $id }) {
      userErrors {
        code
        message
        ... on Refusal {
          nextSteps {
            key
          }
        }
      }
      subject {
        id
        followerCount
        viewerIsFollowing
      }
    }
  }
`

graphql`
  subscription profileFollowersSubscription($researcherId: ID!) {
    followersChanged(researcherId: $researcherId) {
      ...profile_head
    }
  }
`
