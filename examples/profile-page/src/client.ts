import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { createClient as createSocket } from 'graphql-ws'
import { Client, fetchExchange, subscriptionExchange } from 'urql'

const url = new URL('/graphql', location.href).href

// What has no id is kept with what it belongs to.
const part = () => null
const PARTS = [
  'Affiliation', 'Authorship', 'AuthorshipConnection', 'Collaborator', 'CollaboratorConnection', 'CollaborationPath',
  'FacetBucket', 'FacetGroup', 'GraphEdge', 'GraphNode', 'NextStep', 'PageInfo', 'PathStep', 'ResearchGraph',
  'ResearcherConnection', 'ResearcherTopicConnection', 'ResearcherTopicEdge', 'SearchConnection', 'SearchHit',
  'SearchTotal', 'SignInProvider', 'Suggestion', 'Trust', 'TrustComponent', 'TrustStep', 'Verification',
  'WorkConnection', 'WorkTopic', 'YearActivity',
] // prettier-ignore

/** A client of its own for each visitor: what was kept for one is not shown to the next. */
export function makeClient() {
  const socket = createSocket({ url: url.replace('http', 'ws'), retryAttempts: Infinity, shouldRetry: () => true })
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        keys: Object.fromEntries(PARTS.map((name) => [name, part])),
        resolvers: { Researcher: { works: relayPagination() } },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables, operationName }) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query: query ?? '', variables, operationName }, sink),
          }),
        }),
      }),
    ],
  })
  return { client, close: () => void socket.dispose() }
}
