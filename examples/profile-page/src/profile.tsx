import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useQuery, useSubscription } from 'urql'

import { Collaborators } from './collaborators'
import { graphql } from './gql'
import { Head } from './head'
import { Plots } from './plots'
import { Boundary, Failed, Loading } from './states'
import { useTitle } from './title'
import { Topics } from './topics'
import { FIRST_WORKS, Works } from './works'

const Graph = lazy(() => import('./graph'))

// The whole page, in one query.
const ProfileQuery = graphql(`
  query Profile($slug: String!, $filter: WorkFilter!, $orderBy: WorkOrder!, $after: String) {
    eventCursor
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
  subscription FollowersChanged($researcherId: ID!, $after: String) {
    followersChanged(researcherId: $researcherId, after: $after) {
      id
      followerCount
      trust {
        ...TrustScore
      }
    }
  }
`)

export function Profile({ slug }: { slug: string }) {
  const [{ data, error, fetching }, again] = useQuery({
    query: ProfileQuery,
    variables: { slug, ...FIRST_WORKS },
    requestPolicy: 'cache-and-network', // what was shown before may have changed
  })
  const researcher = data?.researcher
  useTitle(researcher ? `${researcher.displayName} · peergraph` : 'peergraph')

  if (fetching && !data) return <Loading what="the profile" />
  if (error && !researcher)
    return <Failed by={error} again={again} />
  if (!researcher) return <p className="state">There is no researcher here. Search for them above.</p>
  return (
    <article className="profile">
      <Live key={researcher.id} researcherId={researcher.id} after={data.eventCursor} />
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

/** Has the cache told what happens, and with it the page: from when it was asked for. */
function Live({ researcherId, after }: { researcherId: string; after: string }) {
  const [since] = useState(after)
  useSubscription({ query: FollowersChanged, variables: { researcherId, after: since } })
  return null
}

function GraphSection({ center }: { center: string }) {
  const [isOpen, setOpen] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (isOpen) heading.current?.focus() // the button that had the focus is gone
  }, [isOpen])
  return (
    <section aria-labelledby="graph">
      <h2 id="graph" ref={heading} tabIndex={-1}>
        Research graph
      </h2>
      {isOpen ? (
        <Boundary>
          <Suspense fallback={<Loading what="the graph" />}>
            <a className="skip" href="#works">
              Skip the graph
            </a>
            <Graph center={center} />
          </Suspense>
        </Boundary>
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
