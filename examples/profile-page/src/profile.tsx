import { lazy, Suspense, useState } from 'react'
import { useQuery, useSubscription } from 'urql'

import { problems } from './act'
import { Collaborators } from './collaborators'
import { graphql } from './gql'
import { Head } from './head'
import { Plots } from './plots'
import { Failure, Loading } from './states'
import { useTitle } from './title'
import { Topics } from './topics'
import { FIRST_WORKS, Works } from './works'

const Graph = lazy(() => import('./graph'))

// The whole page, in one query.
const ProfileQuery = graphql(`
  query Profile($slug: String!, $filter: WorkFilter!, $orderBy: WorkOrder!, $after: String) {
    viewer {
      id
      ...Visitor
    }
    researcher(by: { slug: $slug }) {
      id
      displayName
      ...Head
      ...Plots
      ...Topics
      ...Collaborators
      ...Works
      ...WorkFacets
    }
  }
`)

const FollowersChanged = graphql(`
  subscription FollowersChanged($researcherId: ID!) {
    followersChanged(researcherId: $researcherId) {
      id
      followerCount
    }
  }
`)

export function Profile({ slug }: { slug: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: ProfileQuery, variables: { slug, ...FIRST_WORKS } })
  const researcher = data?.researcher
  // The cache takes what comes, and with it the page.
  useSubscription({
    query: FollowersChanged,
    variables: { researcherId: researcher?.id ?? '' },
    pause: !researcher,
  })
  useTitle(researcher ? `${researcher.displayName} · peergraph` : 'peergraph')

  if (fetching && !data) return <Loading what="the profile" />
  if (error && !researcher)
    return <Failure messages={problems(error)} onRetry={() => again({ requestPolicy: 'network-only' })} />
  if (!researcher) return <p className="state">There is no researcher here. Search for them above.</p>
  return (
    <article className="profile">
      <Head of={researcher} />
      <Plots of={researcher} />
      <div className="columns">
        <div>
          <GraphSection center={researcher.id} />
          <Works slug={slug} />
        </div>
        <aside>
          <Topics of={researcher} />
          <Collaborators of={researcher} />
        </aside>
      </div>
    </article>
  )
}

function GraphSection({ center }: { center: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <section aria-labelledby="graph">
      <h2 id="graph">Research graph</h2>
      {isOpen ? (
        <Suspense fallback={<Loading what="the graph" />}>
          <Graph center={center} />
        </Suspense>
      ) : (
        <p>
          Whom they work with, on what and where, as a picture to walk in.{' '}
          <button type="button" onClick={() => setOpen(true)}>
            Open the graph
          </button>
        </p>
      )}
    </section>
  )
}
