import { useQuery } from 'urql'
import { Link } from 'wouter'

import { graphql } from './gql'
import { count, Failed, Loading } from './states'
import { useTitle } from './title'

const HomeQuery = graphql(`
  query Home {
    eventCursor
    viewer {
      id
      ...Visitor
    }
    researchers(first: 12, orderBy: MOST_WORKS) {
      totalCount
      nodes {
        id
        slug
        displayName
        workCount
        affiliation {
          id
          displayName
        }
      }
    }
  }
`)

export function Home() {
  useTitle('peergraph')
  const [{ data, error, fetching }, again] = useQuery({ query: HomeQuery })
  return (
    <>
      <h1>Researchers, their works, and whom they work with</h1>
      <p>Search for anybody, or begin with those who have published most.</p>
      {error && !data && <Failed by={error} again={again} />}
      {fetching && !data && <Loading what="researchers" />}
      {data?.researchers.nodes.length === 0 && <p className="state">No researchers have been imported yet.</p>}
      <ul className="cards">
        {data?.researchers.nodes.map(({ id, slug, displayName, workCount, affiliation }) => (
          <li key={id}>
            <Link href={`/researchers/${slug}`}>{displayName}</Link>
            <span>
              {count(workCount)} works{affiliation && ` · ${affiliation.displayName}`}
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}
