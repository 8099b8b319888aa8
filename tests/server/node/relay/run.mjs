// A page on Relay's hooks: a fragment refetched with other arguments, a connection paged through, a mutation whose
// answer the store shows at once. Prints what the page showed, as JSON: url and token are given.
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('<div id="root"></div>')
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true })

const { act, createElement, Suspense } = await import('react')
const { createRoot } = await import('react-dom/client')
const relay = await import('react-relay')
const { Environment, Network, RecordSource, Store } = await import('relay-runtime')
const { default: query } = await import('./src/__generated__/profileQuery.graphql.js')
const { default: head } = await import('./src/__generated__/profile_head.graphql.js')
const { default: works } = await import('./src/__generated__/profile_works.graphql.js')
const { default: follow } = await import('./src/__generated__/profileFollowMutation.graphql.js')

const [url, token] = process.argv.slice(2)
const asked = []

async function fetchQuery({ name, text }, variables) {
  asked.push(name)
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: text, variables }),
  })
  return response.json()
}

const environment = new Environment({ network: Network.create(fetchQuery), store: new Store(new RecordSource()) })
const page = {}

function Head({ of }) {
  const [data, refetch] = relay.useRefetchableFragment(head, of)
  Object.assign(page, { data, refetch })
  return createElement('h1', null, data.displayName)
}

function Works({ of }) {
  const { data, hasNext, loadNext } = relay.usePaginationFragment(works, of)
  Object.assign(page, { works: data.works.edges.map(({ node }) => node), hasNext, loadNext })
  return createElement('ol', null, data.works.edges.map(({ node }) => createElement('li', { key: node.id }, node.title)))
}

function Profile() {
  const { researcher } = relay.useLazyLoadQuery(query, { slug: 'kurt-keutzer' })
  return [createElement(Head, { of: researcher, key: 'head' }), createElement(Works, { of: researcher, key: 'works' })]
}

async function until(holds) {
  for (let turn = 0; turn < 500 && !holds(); turn++) await act(() => new Promise((resolve) => setTimeout(resolve, 10)))
  if (!holds()) throw new Error(`waited in vain: ${holds}`)
}

const root = createRoot(document.getElementById('root'))
await act(async () => {
  const shown = createElement(Suspense, { fallback: null }, createElement(Profile))
  root.render(createElement(relay.RelayEnvironmentProvider, { environment }, shown))
})
await until(() => page.works && page.data)
const topics = [page.data.topics.edges.length]
await act(async () => void page.refetch({ topics: 7 }))
await until(() => page.data.topics.edges.length === 7)
topics.push(page.data.topics.edges.length)
while (page.hasNext) {
  const before = page.works.length
  await act(async () => void page.loadNext(20))
  await until(() => page.works.length > before)
}
const followed = [page.data.viewerIsFollowing]
await act(async () => void relay.commitMutation(environment, { mutation: follow, variables: { id: page.data.id } }))
await until(() => page.data.viewerIsFollowing)
followed.push(page.data.viewerIsFollowing)
const shown = document.querySelectorAll('li').length
console.log(JSON.stringify({ asked, name: page.data.displayName, topics, titles: page.works.map((one) => one.title), shown, followed }))
process.exit()
