import { Follow } from './follow'
import { type FragmentType, graphql, read } from './gql'
import { count } from './states'

const TopicsFragment = graphql(`
  fragment Topics on Researcher {
    topics(first: 15) {
      edges {
        workCount
        node {
          id
          displayName
          ...Followed
        }
      }
    }
  }
`)

export function Topics({ of }: { of: FragmentType<typeof TopicsFragment> }) {
  const { topics } = read(TopicsFragment, of)
  return (
    <section aria-labelledby="topics">
      <h2 id="topics">Topics</h2>
      {topics.edges.length === 0 && <p>None of their works has a topic yet.</p>}
      <ul className="rows">
        {topics.edges.map(({ workCount, node }) => (
          <li key={node.id}>
            <span>
              {node.displayName} <small>{count(workCount)} works</small>
            </span>
            <Follow of={node} what={node.displayName} isSmall />
          </li>
        ))}
      </ul>
    </section>
  )
}
