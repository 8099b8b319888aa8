import { forceCenter, forceCollide, forceLink, forceManyBody, forceSimulation, type SimulationNodeDatum } from 'd3-force'
import { type KeyboardEvent, useMemo, useState } from 'react'
import { useQuery } from 'urql'
import { Link } from 'wouter'

import { problems } from './act'
import { graphql, read } from './gql'
import type { GraphKind, GraphQuery, WorkFilter } from './gql/graphql'
import { count, Failed, Loading, words } from './states'
import { Text } from './text'

const GraphDocument = graphql(`
  query Graph($center: ID!, $kinds: [GraphKind!]!) {
    researchGraph(center: $center, kinds: $kinds, depth: 2, maxNodes: 40) {
      truncated
      nodes {
        id
        kind
        label
        weight
        distance
        node {
          id
          ... on Researcher {
            slug
          }
        }
      }
      edges {
        source
        target
        kind
        weight
      }
    }
  }
`)

const WorksBehindFragment = graphql(`
  fragment WorksBehind on WorkConnection {
    totalCount
    nodes {
      id
      title
      publicationYear
    }
  }
`)

const SharedQuery = graphql(`
  query Shared($from: ID!, $to: ID!) {
    collaborationPath(from: $from, to: $to, maxLength: 1) {
      steps {
        sharedWorks(first: 20) {
          ...WorksBehind
        }
      }
    }
  }
`)

const BehindQuery = graphql(`
  query Behind($filter: WorkFilter!) {
    works(filter: $filter, first: 20) {
      ...WorksBehind
    }
  }
`)

type Graph = GraphQuery['researchGraph']
type GraphNode = Graph['nodes'][number]
type GraphEdge = Graph['edges'][number]
type Placed = GraphNode & SimulationNodeDatum

const KINDS: GraphKind[] = ['RESEARCHER', 'TOPIC', 'INSTITUTION', 'WORK']
const RADIUS = { RESEARCHER: 13, TOPIC: 10, INSTITUTION: 11, WORK: 8 }

/** Where each stands, when all have come to rest: the same every time. */
function placed({ nodes, edges }: Graph): Map<string, Placed> {
  const all: Placed[] = nodes.map((node) => ({ ...node }))
  const links = edges.map(({ source, target, weight }) => ({ source, target, weight }))
  forceSimulation(all)
    .force('links', forceLink<Placed, (typeof links)[number]>(links).id(({ id }) => id).distance(110))
    .force('apart', forceManyBody().strength(-700))
    .force('room', forceCollide(46))
    .force('center', forceCenter())
    .stop()
    .tick(300)
  return new Map(all.map((node) => [node.id, node]))
}

/** The rectangle that shows all of them. */
function frame(nodes: Iterable<Placed>): string {
  const xs = [...nodes].map(({ x = 0, y = 0 }) => [x, y] as const)
  const [left, right] = [Math.min(...xs.map(([x]) => x)) - 90, Math.max(...xs.map(([x]) => x)) + 90]
  const [top, bottom] = [Math.min(...xs.map(([, y]) => y)) - 30, Math.max(...xs.map(([, y]) => y)) + 40]
  return `${left} ${top} ${right - left} ${bottom - top}`
}

/** A label in lines of a few words. */
function lines(label: string): string[] {
  return label.match(/\S.{0,18}(?!\S)|\S+/g) ?? []
}

function pressed(act: () => void) {
  return (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault()
      act()
    }
  }
}

export default function Graph({ center: first }: { center: string }) {
  const [center, setCenter] = useState(first)
  const [kinds, setKinds] = useState<GraphKind[]>(['RESEARCHER', 'TOPIC'])
  const [edge, setEdge] = useState<GraphEdge>()
  const [{ data, error, fetching }, again] = useQuery({ query: GraphDocument, variables: { center, kinds } })
  const graph = data?.researchGraph
  const places = useMemo(() => graph && placed(graph), [graph])
  const here = places?.get(center)

  function walk(id: string) {
    setEdge(undefined)
    setCenter(id)
  }

  return (
    <div className="graph">
      <fieldset>
        <legend>Show</legend>
        {KINDS.map((kind) => (
          <label key={kind}>
            <input
              type="checkbox"
              checked={kinds.includes(kind)}
              disabled={kinds.length === 1 && kinds[0] === kind}
              onChange={() => {
                setEdge(undefined)
                setKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind])
              }}
            />{' '}
            {words(kind)}s
          </label>
        ))}
        {center !== first && (
          <button type="button" className="small" onClick={() => walk(first)}>
            Back to where you began
          </button>
        )}
      </fieldset>
      {error && <Failed by={error} again={again} />}
      {fetching && !graph && <Loading what="the graph" />}
      {graph && places && (
        <>
          <p role="status">
            {count(graph.nodes.length)} around{' '}
            {here?.node && 'slug' in here.node ? (
              <Link href={`/researchers/${here.node.slug}`}>{here.label}</Link>
            ) : (
              <strong>{here?.label}</strong>
            )}
            {graph.truncated && ', and more than are shown'}. Choose one to stand there, or a line for what is behind it.
          </p>
          <svg viewBox={frame(places.values())} role="group" aria-label="Research graph">
            {graph.edges.map((one) => {
              const [from, to] = [places.get(one.source), places.get(one.target)]
              if (!from || !to) return null
              const name = `${words(one.kind)}: ${from.label} – ${to.label}`
              const ends = { x1: from.x, y1: from.y, x2: to.x, y2: to.y }
              return (
                <g
                  key={`${one.source} ${one.target} ${one.kind}`}
                  className={one === edge ? 'edge chosen' : 'edge'}
                  role="button"
                  tabIndex={0}
                  aria-label={name}
                  aria-pressed={one === edge}
                  onClick={() => setEdge(one)}
                  onKeyDown={pressed(() => setEdge(one))}
                >
                  <title>{name}</title>
                  <line {...ends} className="reach" />
                  <line {...ends} strokeWidth={1 + 3 * one.weight} />
                </g>
              )
            })}
            {[...places.values()].map(({ id, kind, label, x = 0, y = 0 }) => (
              <g
                key={id}
                className={`node ${kind.toLowerCase()}${id === center ? ' center' : ''}`}
                role="button"
                tabIndex={0}
                aria-label={`${words(kind)}: ${label}`}
                aria-pressed={id === center}
                transform={`translate(${x} ${y})`}
                onClick={() => walk(id)}
                onKeyDown={pressed(() => walk(id))}
              >
                <title>{label}</title>
                <circle r={RADIUS[kind]} />
                <text y={RADIUS[kind]} textAnchor="middle">
                  {lines(label).map((line) => (
                    <tspan key={line} x={0} dy="1.1em">
                      {line}{' '}
                    </tspan>
                  ))}
                </text>
              </g>
            ))}
          </svg>
          {edge && places.has(edge.source) && places.has(edge.target) && <Behind edge={edge} places={places} />}
        </>
      )}
    </div>
  )
}

/** The works behind a line. */
function Behind({ edge, places }: { edge: GraphEdge; places: Map<string, Placed> }) {
  const ends = [edge.source, edge.target].map((id) => places.get(id)).filter((end) => !!end)
  const isTogether = edge.kind === 'CO_AUTHORED'
  const saysAll = edge.kind === 'PART_OF' || ends.some(({ kind }) => kind === 'WORK') // no works are behind it
  const of = (kind: GraphKind) => ends.filter((end) => end.kind === kind).map(({ id }) => id)
  const filter: WorkFilter = {
    ...(of('RESEARCHER').length && { authors: of('RESEARCHER') }),
    ...(of('TOPIC').length && { topics: of('TOPIC') }),
    ...(of('INSTITUTION').length && { institutions: of('INSTITUTION') }),
  }
  const [shared] = useQuery({
    query: SharedQuery,
    variables: { from: edge.source, to: edge.target },
    pause: !isTogether,
  })
  const [filtered] = useQuery({ query: BehindQuery, variables: { filter }, pause: isTogether || saysAll })
  const { fetching, error } = isTogether ? shared : filtered
  const works = isTogether ? shared.data?.collaborationPath?.steps[0]?.sharedWorks : filtered.data?.works
  const found = read(WorksBehindFragment, works)
  return (
    <section className="behind" aria-live="polite">
      <h3>{ends.map(({ label }) => label).join(' and ')}</h3>
      {saysAll && <p>{words(edge.kind)}</p>}
      {fetching && <Loading what="works" />}
      {problems(error).map((message) => (
        <p key={message}>{message}</p>
      ))}
      {!saysAll && found && !fetching && (
        <>
          <p>{count(found.totalCount)} works</p>
          <ul>
            {found.nodes.map(({ id, title, publicationYear }) => (
              <li key={id}>
                <Text>{title}</Text> <small>{publicationYear}</small>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
