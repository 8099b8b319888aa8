import { Link } from 'wouter'

import { type FragmentType, graphql, read } from './gql'
import { count } from './states'

const BylineFragment = graphql(`
  fragment Byline on Work {
    authorCount
    authorships(first: 8) {
      nodes {
        position
        rawName
        researcher {
          id
          slug
          displayName
        }
      }
    }
  }
`)

export function Byline({ of }: { of: FragmentType<typeof BylineFragment> }) {
  const { authorCount, authorships } = read(BylineFragment, of)
  const more = authorCount - authorships.nodes.length
  return (
    <p>
      {authorships.nodes.map(({ position, rawName, researcher }, place) => (
        <span key={position}>
          {place > 0 && ', '}
          {researcher ? <Link href={`/researchers/${researcher.slug}`}>{researcher.displayName}</Link> : rawName}
        </span>
      ))}
      {more > 0 && ` and ${count(more)} more`}
    </p>
  )
}
