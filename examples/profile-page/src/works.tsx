import { useEffect, useRef, useState } from 'react'
import { useQuery } from 'urql'

import { Byline } from './byline'
import { type FragmentType, graphql, read } from './gql'
import type { WorkFacet, WorkFilter, WorkOrder } from './gql/graphql'
import { usePaused } from './paused'
import { useClientNumber } from './session'
import { count, Failed, Loading, words } from './states'
import { Text } from './text'

/** With which works a page begins. */
export const FIRST_WORKS: { filter: WorkFilter; orderBy: WorkOrder; after: string | null } = {
  filter: {},
  orderBy: 'NEWEST',
  after: null,
}

const WorkFragment = graphql(`
  fragment ListedWork on Work {
    title
    kind
    publicationYear
    isRetracted
    citationCount
    doi
    arxivId
    pdfUrl
    source {
      id
      displayName
    }
    ...Byline
    topics {
      topic {
        id
        displayName
      }
    }
    abstract(format: LATEX)
  }
`)

const WorksFragment = graphql(`
  fragment Works on Researcher {
    works(first: 20, filter: $filter, orderBy: $orderBy, after: $after) {
      pageInfo {
        endCursor
        hasNextPage
      }
      nodes {
        id
        ...ListedWork
      }
    }
  }
`)

const FacetsFragment = graphql(`
  fragment WorkFacets on Researcher {
    counted: works(filter: $filter) {
      totalCount
      facets(by: [YEAR, KIND, TOPIC, SOURCE], first: 50) {
        by
        buckets {
          count
          value
          label
          node {
            id
          }
        }
      }
    }
  }
`)

const WorksQuery = graphql(`
  query MoreWorks($slug: String!, $filter: WorkFilter!, $orderBy: WorkOrder!, $after: String) {
    researcher(by: { slug: $slug }) {
      id
      ...Works
      ...WorkFacets
    }
  }
`)

type Chosen = Partial<Record<WorkFacet, { value: string; label: string }>>

const MOST_BY_ITSELF = 100

const FACETS: [WorkFacet, string][] = [
  ['YEAR', 'Year'],
  ['KIND', 'Kind'],
  ['TOPIC', 'Topic'],
  ['SOURCE', 'Source'],
]
const ORDERS: [WorkOrder, string][] = [
  ['NEWEST', 'Newest first'],
  ['OLDEST', 'Oldest first'],
  ['MOST_CITED', 'Most cited first'],
  ['TITLE', 'By title'],
]

function filterOf({ YEAR, KIND, TOPIC, SOURCE }: Chosen, title: string): WorkFilter {
  return {
    ...(YEAR && { years: { min: Number(YEAR.value), max: Number(YEAR.value) } }),
    ...(KIND && { kinds: [KIND.value] as WorkFilter['kinds'] }),
    ...(TOPIC && { topics: [TOPIC.value] }),
    ...(SOURCE && { sources: [SOURCE.value] }),
    ...(title && { titleContains: title }),
  }
}

export function Works({ slug }: { slug: string }) {
  const [chosen, setChosen] = useState<Chosen>({})
  const [title, setTitle] = useState('')
  const [orderBy, setOrderBy] = useState(FIRST_WORKS.orderBy)
  const filter = filterOf(chosen, usePaused(title.trim()))
  // A cursor is of one list, and what came before it is in one cache.
  const list = `${useClientNumber()} ${JSON.stringify([filter, orderBy])}`
  const [reached, setReached] = useState<{ list: string; after: string | null }>()
  const after = reached?.list === list ? reached.after : null
  const [{ data, error, fetching }, again] = useQuery({
    query: WorksQuery,
    variables: { slug, filter, orderBy, after },
  })
  const works = read(WorksFragment, data?.researcher)?.works
  const counted = read(FacetsFragment, data?.researcher)?.counted

  function options(facet: WorkFacet) {
    const buckets = counted?.facets.find(({ by }) => by === facet)?.buckets ?? []
    const found = buckets.map(({ node, value, label, count: many }) => ({
      value: node?.id ?? value,
      label: `${facet === 'KIND' ? words(label) : label} (${many})`,
    }))
    const one = chosen[facet]
    return one && !found.some(({ value }) => value === one.value) ? [...found, one] : found
  }

  return (
    <section aria-labelledby="works">
      <h2 id="works" tabIndex={-1}>
        Published work {counted && <small aria-live="polite">{count(counted.totalCount)} works</small>}
      </h2>
      <form className="filters" role="search" aria-label="Works" onSubmit={(event) => event.preventDefault()}>
        <label>
          Title contains
          <input type="search" value={title} onChange={(event) => setTitle(event.target.value)} />
        </label>
        {FACETS.map(([facet, name]) => (
          <label key={facet}>
            {name}
            <select
              value={chosen[facet]?.value ?? ''}
              onChange={({ target: { value, selectedOptions } }) => {
                const label = selectedOptions[0]?.dataset.label ?? value
                setChosen({ ...chosen, [facet]: value ? { value, label } : undefined })
              }}
            >
              <option value="">any</option>
              {options(facet).map(({ value, label }) => (
                <option key={value} value={value} data-label={label.replace(/ \(\d+\)$/, '')}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        ))}
        <label>
          Order
          <select value={orderBy} onChange={(event) => setOrderBy(event.target.value as WorkOrder)}>
            {ORDERS.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </form>
      {works?.nodes.length === 0 && <p className="state">No works match this.</p>}
      <ol className="works" aria-busy={fetching}>
        {works?.nodes.map((work) => (
          <li key={work.id}>
            <Work of={work} />
          </li>
        ))}
      </ol>
      {error && <Failed by={error} again={again} />}
      {fetching && <Loading what="works" />}
      {works?.pageInfo.hasNextPage && !error && (
        <More
          isBusy={fetching}
          isAutomatic={works.nodes.length < MOST_BY_ITSELF}
          onMore={() => setReached({ list, after: works.pageInfo.endCursor ?? null })}
        />
      )}
    </section>
  )
}

type MoreProps = { isBusy: boolean; isAutomatic: boolean; onMore: () => void }

/** Asks for more when it is pressed; by itself, too, when it comes into view, but not for ever: much stands behind it. */
function More({ isBusy, isAutomatic, onMore }: MoreProps) {
  const ref = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isBusy || !isAutomatic || !ref.current) return
    const seen = new IntersectionObserver(([entry]) => entry?.isIntersecting && onMore(), { rootMargin: '300px' })
    seen.observe(ref.current)
    return () => seen.disconnect()
  })
  return (
    <button ref={ref} type="button" aria-disabled={isBusy} onClick={() => isBusy || onMore()}>
      Show more works
    </button>
  )
}

function Work({ of }: { of: FragmentType<typeof WorkFragment> }) {
  const work = read(WorkFragment, of)
  const [isOpen, setOpen] = useState(false)
  const links = [
    work.doi && ['DOI', `https://doi.org/${work.doi}`],
    work.arxivId && ['arXiv', `https://arxiv.org/abs/${work.arxivId}`],
    work.pdfUrl && ['PDF', work.pdfUrl],
  ].filter((link) => !!link)
  return (
    <article>
      <h3>
        <Text>{work.title}</Text>
      </h3>
      <Byline of={work} />
      <p className="facts">
        {[
          words(work.kind),
          work.publicationYear,
          work.source?.displayName,
          work.citationCount > 0 && `${count(work.citationCount)} citations`,
          work.isRetracted && 'Retracted',
        ]
          .filter(Boolean)
          .join(' · ')}
        {links.map(([name, href]) => (
          <a key={name} href={href}>
            {name}
          </a>
        ))}
      </p>
      {work.topics.length > 0 && (
        <ul className="chips" aria-label="Topics">
          {work.topics.map(({ topic }) => (
            <li key={topic.id}>{topic.displayName}</li>
          ))}
        </ul>
      )}
      {work.abstract && (
        <details onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>Abstract</summary>
          {isOpen && (
            <p>
              <Text>{work.abstract}</Text>
            </p>
          )}
        </details>
      )}
    </article>
  )
}
