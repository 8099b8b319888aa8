import { useQuery } from 'urql'
import { Link, useSearchParams } from 'wouter'

import { Byline } from './byline'
import { graphql } from './gql'
import { count, Failed, Loading, words } from './states'
import { Text } from './text'
import { useTitle } from './title'

const SearchQuery = graphql(`
  query Search($query: String!) {
    search(query: $query, first: 30) {
      totalCount
      totals {
        kind
        count
      }
      nodes {
        kind
        node {
          id
          __typename
          ... on Researcher {
            slug
            displayName
            workCount
          }
          ... on Work {
            title
            publicationYear
            doi
            arxivId
            ...Byline
          }
          ... on Topic {
            displayName
            workCount
          }
          ... on Institution {
            displayName
            workCount
          }
        }
      }
    }
  }
`)

export default function Results() {
  const [given] = useSearchParams()
  const query = given.get('q') ?? ''
  return <Found key={query} query={query} />
}

function Found({ query }: { query: string }) {
  useTitle(`${query || 'Search'} · peergraph`)
  const [{ data, error, fetching }, again] = useQuery({ query: SearchQuery, variables: { query }, pause: !query })
  const found = data?.search
  return (
    <>
      <h1>Search</h1>
      {!query && <p className="state">Search by the box above.</p>}
      {error && <Failed by={error} again={again} />}
      {fetching && <Loading what="results" />}
      {found && !fetching && (
        <p role="status">
          {found.totalCount === 0 ? `Nothing was found for “${query}”.` : `${count(found.totalCount)} for “${query}”`}
          {found.totals.map(({ kind, count: many }) => ` · ${words(kind)} ${count(many)}`)}
        </p>
      )}
      <ol className="works">
        {found?.nodes.map(({ kind, node }) => (
          <li key={node.id}>
            <h2>
              {node.__typename === 'Researcher' ? (
                <Link href={`/researchers/${node.slug}`}>{node.displayName}</Link>
              ) : node.__typename === 'Work' ? (
                <Text>{node.title}</Text>
              ) : (
                'displayName' in node && node.displayName
              )}
            </h2>
            <p className="facts">
              {words(kind)}
              {'workCount' in node && ` · ${count(node.workCount)} works`}
              {node.__typename === 'Work' && node.publicationYear && ` · ${node.publicationYear}`}
              {node.__typename === 'Work' && node.doi && <a href={`https://doi.org/${node.doi}`}>DOI</a>}
              {node.__typename === 'Work' && node.arxivId && <a href={`https://arxiv.org/abs/${node.arxivId}`}>arXiv</a>}
            </p>
            {node.__typename === 'Work' && <Byline of={node} />}
          </li>
        ))}
      </ol>
    </>
  )
}
