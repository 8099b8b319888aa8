import { graphql } from './gql'

/** Whoever is signed in. */
export const Visitor = graphql(`
  fragment Visitor on Account {
    id
    displayName
    email
    isEmailVerified
    claims {
      id
      state
      method
      researcher {
        id
        displayName
      }
      nextSteps {
        key
        label
      }
    }
  }
`)
