import { ask } from './session'

import exampleQuery from './example.graphql?raw'

const FIRST = { id: '', slug: 'kurt-keutzer', displayName: 'Kurt Keutzer' } // of the demo
const queries = import.meta.glob('./[0-9]-*.graphql', { query: '?raw', import: 'default', eager: true })

/** A researcher whom the service knows: the demo's, or else the one with the most works. */
async function example() {
  const { data } = await ask(exampleQuery, { slug: FIRST.slug })
  return data?.known ?? data?.researchers.nodes[0] ?? FIRST
}

function variables({ id, slug, displayName }) {
  return {
    './1-profile.graphql': { slug },
    './2-search.graphql': { words: displayName },
    './3-collaborators.graphql': { slug },
    './4-graph.graphql': { center: id },
    './5-follow-and-claim.graphql': {
      researcher: id,
      evidenceUrl: 'https://example.edu/people/me',
      statement: 'The page lists these works as mine.',
    },
  }
}

/**
 * A first visit finds the worked queries in tabs, as if the visitor had typed them: of what GraphiQL takes as
 * `defaultTabs` the first tab loses its variables. Tabs of earlier visits stay as they are.
 */
export async function openWorkedQueries() {
  if (localStorage.getItem('graphiql:tabState') !== null) return
  const given = variables(await example())
  const tabs = Object.entries(queries).map(([file, query]) => ({
    id: file,
    hash: null,
    title: /^(?:query|mutation) (\w+)/m.exec(query)[1],
    operationName: null,
    query,
    variables: JSON.stringify(given[file], null, 2),
    headers: null,
    response: null,
  }))
  localStorage.setItem('graphiql:tabState', JSON.stringify({ activeTabIndex: 0, tabs }))
  localStorage.setItem('graphiql:query', tabs[0].query)
  localStorage.setItem('graphiql:variables', tabs[0].variables)
}
