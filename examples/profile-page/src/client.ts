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

const pause = (milliseconds: number) => new Promise<void>((over) => setTimeout(over, milliseconds))

/** A client of its own for each visitor: what was kept for one is not shown to the next. */
export function makeClient() {
  const socket = createSocket({
    url: url.replace('http', 'ws'),
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: (retries) => pause(Math.min(1_000 * 2 ** retries, 30_000) * (0.5 + Math.random())),
  })
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
          subscribe: (sink) => {
            // After a break it is sent again, and goes on from the last event that came.
            const since = { ...variables }
            const next: typeof sink.next = (result) => {
              since.after = result.extensions?.cursor ?? since.after
              sink.next(result)
            }
            return {
              unsubscribe: socket.subscribe({ query: query ?? '', variables: since, operationName }, { ...sink, next }),
            }
          },
        }),
      }),
    ],
  })
  return { client, close: () => void socket.dispose() }
}
