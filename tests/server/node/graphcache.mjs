// urql with Graphcache, which knows our schema: pages merged, a mutation's answer shown where its subject stands, a
// second query answered by the first. Prints what it found, as JSON: url and token are given.
import { Client, fetchExchange, gql } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { relayPagination } from '@urql/exchange-graphcache/extras'
import { getIntrospectionQuery } from 'graphql'

const [url, token] = process.argv.slice(2)
const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }
const asked = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: getIntrospectionQuery() }) })
const schema = (await asked.json()).data

const warnings = []
console.warn = (...told) => warnings.push(told.join(' '))
let requests = 0
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { Authorization: `Bearer ${token}` } },
  fetch: (...given) => ++requests && fetch(...given),
  exchanges: [cacheExchange({ schema, resolvers: { Researcher: { works: relayPagination() } } }), fetchExchange],
})
const WORKS = gql`
  query Works($slug: String!, $after: String) {
    researcher(by: { slug: $slug }) {
      id
      ...Followed
      works(first: 20, after: $after, orderBy: NEWEST) {
        nodes {
          id
          title
        }
        pageInfo {
          endCursor
          hasNextPage
        }
      }
    }
  }
  fragment Followed on Followable {
    id
    followerCount
    viewerIsFollowing
  }
`
const FOLLOW = gql`
  mutation Follow($id: ID!) {
    follow(input: { subjectId: $id }) {
      subject {
        id
        followerCount
        viewerIsFollowing
      }
    }
  }
`

async function page(after) {
  const { data, error } = await client.query(WORKS, { slug: 'kurt-keutzer', after }).toPromise()
  if (error) throw error
  return data.researcher
}

let found = await page(null)
while (found.works.pageInfo.hasNextPage) found = await page(found.works.pageInfo.endCursor)
const before = requests
const followers = [found.followerCount]
await client.mutation(FOLLOW, { id: found.id }).toPromise()
found = await page(null)
followers.push(found.followerCount)
const titles = found.works.nodes.map(({ title }) => title)
const unkept = requests - before - 1
console.log(JSON.stringify({ titles, followers, isFollowing: found.viewerIsFollowing, unkept, warnings }))
process.exit()
