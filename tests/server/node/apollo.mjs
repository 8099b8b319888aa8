// Apollo Client: a cache by id, pages merged as Relay's, fragments on interfaces by possibleTypes. Prints what it found,
// as JSON: url and token are given.
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'

const [uri, token] = process.argv.slice(2)
const headers = { Authorization: `Bearer ${token}` }

const introspected = await fetch(uri, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ query: '{ __schema { types { kind name possibleTypes { name } } } }' }),
})
const { types } = (await introspected.json()).data.__schema
const possibleTypes = Object.fromEntries(
  types.filter((type) => type.possibleTypes).map((type) => [type.name, type.possibleTypes.map(({ name }) => name)]),
)
const cache = new InMemoryCache({
  possibleTypes,
  typePolicies: { Researcher: { fields: { works: relayStylePagination(['filter', 'orderBy']) } } },
})
const client = new ApolloClient({ cache, link: new HttpLink({ uri, headers }) })

const WORKS = gql`
  query Works($slug: String!, $after: String) {
    researcher(by: { slug: $slug }) {
      id
      displayName
      followerCount
      works(first: 20, after: $after, orderBy: NEWEST) {
        edges {
          cursor
          node {
            id
            title
          }
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
`
const FOLLOW = gql`
  mutation Follow($id: ID!) {
    follow(input: { subjectId: $id }) {
      subject {
        ...Followed
      }
    }
  }
  fragment Followed on Followable {
    id
    followerCount
    viewerIsFollowing
  }
`
const variables = { slug: 'kurt-keutzer' }
await client.query({ query: WORKS, variables })
const watched = client.watchQuery({ query: WORKS, variables })
watched.subscribe(() => {})
let pages = 1
for (let info = watched.getCurrentResult().data.researcher.works.pageInfo; info.hasNextPage; pages++) {
  const more = await watched.fetchMore({ variables: { ...variables, after: info.endCursor } })
  info = more.data.researcher.works.pageInfo
}
await new Promise((resolve) => setTimeout(resolve, 100)) // those who watch are told a moment later
const { researcher } = watched.getCurrentResult().data
const followers = [researcher.followerCount]
await client.mutate({ mutation: FOLLOW, variables: { id: researcher.id } })
await new Promise((resolve) => setTimeout(resolve, 100))
followers.push(watched.getCurrentResult().data.researcher.followerCount)
// By its id alone, from the cache.
const kept = client.readFragment({
  id: cache.identify({ __typename: 'Researcher', id: researcher.id }),
  fragment: gql`
    fragment Kept on Followable {
      viewerIsFollowing
    }
  `,
})
const titles = researcher.works.edges.map(({ node }) => node.title)
console.log(JSON.stringify({ pages, titles, followers, isFollowing: kept?.viewerIsFollowing ?? null }))
process.exit()
