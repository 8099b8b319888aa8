import { Link } from 'wouter'

import { type FragmentType, graphql, read } from './gql'
import { count } from './states'

const CollaboratorsFragment = graphql(`
  fragment Collaborators on Researcher {
    collaborators(first: 10, filter: { closeOnly: true }) {
      totalCount
      nodes {
        sharedWorkCount
        firstYear
        lastYear
        researcher {
          id
          slug
          displayName
        }
      }
    }
  }
`)

export function Collaborators({ of }: { of: FragmentType<typeof CollaboratorsFragment> }) {
  const { nodes, totalCount } = read(CollaboratorsFragment, of).collaborators
  return (
    <section aria-labelledby="collaborators">
      <h2 id="collaborators">Close collaborators</h2>
      {nodes.length === 0 && <p>Nobody has written with them often enough yet.</p>}
      <ul className="rows">
        {nodes.map(({ researcher, sharedWorkCount, firstYear, lastYear }) => (
          <li key={researcher.id}>
            <Link href={`/researchers/${researcher.slug}`}>{researcher.displayName}</Link>
            <small>
              {count(sharedWorkCount)} works together
              {firstYear && lastYear && `, ${firstYear === lastYear ? lastYear : `${firstYear}–${lastYear}`}`}
            </small>
          </li>
        ))}
      </ul>
      {totalCount > nodes.length && <p>and {count(totalCount - nodes.length)} more</p>}
    </section>
  )
}
