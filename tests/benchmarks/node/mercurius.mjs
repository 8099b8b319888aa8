// The benchmark's four queries by Fastify, Mercurius with its JIT, and batched loaders on node-postgres.
//
//     npm ci --ignore-scripts
//     DATABASE_URL=... PORT=... node mercurius.mjs

import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10, options: '-c jit=off' })

const schema = `
  type Query {
    researcher(by: ResearcherBy!): Researcher
    researchers(first: Int! = 20, orderBy: ResearcherOrder! = MOST_CITED): ResearcherConnection!
  }

  input ResearcherBy { slug: String! }
  enum ResearcherOrder { MOST_CITED }
  enum WorkOrder { NEWEST MOST_CITED }

  type Researcher {
    id: ID!
    slug: String!
    displayName: String!
    headline: String!
    workCount: Int!
    citationCount: Int!
    hIndex: Int!
    i10Index: Int!
    topicCount: Int!
    collaboratorCount: Int!
    closeCollaboratorCount: Int!
    followerCount: Int!
    affiliation: Institution
    works(first: Int! = 20, orderBy: WorkOrder! = NEWEST): WorkConnection!
    topics(first: Int! = 20): TopicConnection!
    collaborators(first: Int! = 20): CollaboratorConnection!
    activity: [YearActivity!]!
  }
  type ResearcherConnection { nodes: [Researcher!]! }

  # A researcher met in a list: so that its rows need not carry all that the profile's head shows.
  type Colleague {
    id: ID!
    slug: String!
    displayName: String!
    workCount: Int!
    works(first: Int! = 20, orderBy: WorkOrder! = NEWEST): WorkConnection!
    topics(first: Int! = 20): TopicConnection!
    collaborators(first: Int! = 20): CollaboratorConnection!
  }

  type Institution {
    id: ID!
    displayName: String!
    countryCode: String
  }

  type Work {
    id: ID!
    title: String!
    publicationYear: Int
    citationCount: Int!
    doi: String
    isOpenAccess: Boolean
    source: Source
    topics: [WorkTopic!]!
    authorships(first: Int! = 20): AuthorshipConnection!
  }
  type WorkConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [Work!]! }
  type PageInfo { hasNextPage: Boolean! }
  type Source { displayName: String! }
  type WorkTopic { score: Float!, topic: Topic! }

  type Authorship { position: Int!, rawName: String, researcher: Colleague }
  type AuthorshipConnection { nodes: [Authorship!]! }

  type Topic { id: ID!, displayName: String! }
  type TopicConnection { edges: [TopicEdge!]!, nodes: [Topic!]! }
  type TopicEdge { workCount: Int!, share: Float!, node: Topic! }

  type Collaborator { sharedWorkCount: Int!, strength: Float!, isClose: Boolean!, researcher: Colleague! }
  type CollaboratorConnection { nodes: [Collaborator!]! }

  type YearActivity { year: Int!, works: Int!, citations: Int! }
`

const RESEARCHER = `r.id, r.slug, r.display_name AS "displayName", r.headline, r.work_count AS "workCount",
  r.citation_count AS "citationCount", r.h_index AS "hIndex", r.i10_index AS "i10Index", r.topic_count AS "topicCount",
  r.collaborator_count AS "collaboratorCount", r.close_collaborator_count AS "closeCollaboratorCount",
  r.follower_count AS "followerCount", r.institution_id AS "institutionId"`
const COLLEAGUE = 'r.id, r.slug, r.display_name AS "displayName", r.work_count AS "workCount"'
const WORK_ORDERS = { NEWEST: 'w.newest_key, w.title_key, w.id', MOST_CITED: 'w.citation_count DESC, w.id DESC' }

async function rows (name, text, ...values) {
  return (await pool.query({ name, text, values })).rows
}

// The first rows of each parent's list.
function top (name, columns, from, parent, order) {
  const text = `SELECT k.id AS parent, t.* FROM unnest($1::bigint[]) AS k (id) CROSS JOIN LATERAL
    (SELECT ${columns} FROM ${from} WHERE ${parent} = k.id ORDER BY ${order} LIMIT $2) AS t`
  return (ids, first) => rows(name, text, ids, first)
}

const worksIn = Object.fromEntries(
  Object.entries(WORK_ORDERS).map(([order, sql]) => [
    order,
    top(
      `works ${order}`,
      `w.id, w.title, w.publication_year AS "publicationYear", w.citation_count AS "citationCount", w.doi,
        w.is_open_access AS "isOpenAccess", w.source_id AS "sourceId"`,
      'authorship AS a JOIN work AS w ON w.id = a.work_id',
      'a.researcher_id',
      sql
    )
  ])
)
const topics = top(
  'topics',
  't.id, t.display_name AS "displayName", rt.work_count AS "workCount", rt.share',
  'researcher_topic AS rt JOIN topic AS t ON t.id = rt.topic_id',
  'rt.researcher_id',
  'rt.work_count DESC, t.name_key, t.id'
)
const collaborators = top(
  'collaborators',
  `c.shared_work_count AS "sharedWorkCount", c.strength, c.is_close AS "isClose", ${COLLEAGUE}`,
  'collaboration AS c JOIN researcher AS r ON r.id = c.collaborator_id',
  'c.researcher_id',
  'c.strength DESC, r.id'
)

// A loader's answer to all who ask with the same arguments: `load` takes their keys, its rows say whose they are.
function perParent (key, load, shape) {
  return async queries => {
    const alike = Map.groupBy(queries, ({ params }) => JSON.stringify(params))
    const answers = new Map()
    await Promise.all(
      [...alike.values()].map(async asked => {
        const keys = [...new Set(asked.map(({ obj }) => obj[key]).filter(value => value !== null))]
        const found = Map.groupBy(await load(keys, asked[0].params), row => row.parent)
        for (const query of asked) {
          answers.set(query, shape(found.get(query.obj[key]) ?? [], query.obj))
        }
      })
    )
    return queries.map(query => answers.get(query))
  }
}

const id = kind => ({ id }) => Buffer.from(`${kind}:${id}`).toString('base64')

const resolvers = {
  Query: {
    async researcher (_, { by: { slug } }) {
      const [one] = await rows('researcher', `SELECT ${RESEARCHER} FROM researcher AS r WHERE r.slug = $1`, slug)
      return one ?? null
    },
    async researchers (_, { first }) {
      const text = `SELECT ${RESEARCHER} FROM researcher AS r ORDER BY r.citation_count DESC, r.id DESC LIMIT $1`
      return { nodes: await rows('researchers', text, first) }
    }
  },
  Researcher: {
    id: id('Researcher'),
    headline: ({ headline, displayName }) =>
      headline || `${displayName} contributes to research discovery and scholarly infrastructure.`
  },
  Colleague: { id: id('Researcher') },
  Institution: { id: id('Institution') },
  Work: { id: id('Work') },
  Topic: { id: id('Topic') }
}

const lists = {
  works: perParent(
    'id',
    (ids, { first, orderBy }) => worksIn[orderBy](ids, first),
    (nodes, { workCount }) => ({
      totalCount: workCount,
      pageInfo: { hasNextPage: workCount > nodes.length },
      nodes
    })
  ),
  topics: perParent(
    'id',
    (ids, { first }) => topics(ids, first),
    found => ({
      nodes: found,
      edges: found.map(topic => ({ workCount: topic.workCount, share: topic.share, node: topic }))
    })
  ),
  collaborators: perParent(
    'id',
    (ids, { first }) => collaborators(ids, first),
    found => ({
      nodes: found.map(({ sharedWorkCount, strength, isClose, ...researcher }) =>
        ({ sharedWorkCount, strength, isClose, researcher }))
    })
  )
}

const loaders = {
  Colleague: lists,
  Researcher: {
    ...lists,
    affiliation: perParent(
      'institutionId',
      ids => rows(
        'institutions',
        `SELECT id AS parent, id, display_name AS "displayName", country_code AS "countryCode"
          FROM institution WHERE id = ANY ($1::bigint[])`,
        ids
      ),
      ([institution]) => institution ?? null
    ),
    activity: perParent(
      'id',
      ids => rows(
        'activity',
        `SELECT researcher_id AS parent, year, works, citations FROM year_activity
          WHERE researcher_id = ANY ($1::bigint[]) ORDER BY researcher_id, year`,
        ids
      ),
      years => years
    )
  },
  Work: {
    source: perParent(
      'sourceId',
      ids => rows(
        'sources',
        'SELECT id AS parent, display_name AS "displayName" FROM source WHERE id = ANY ($1::bigint[])',
        ids
      ),
      ([source]) => source ?? null
    ),
    topics: perParent(
      'id',
      ids => rows(
        'topics of works',
        `SELECT wt.work_id AS parent, wt.score, t.id, t.display_name AS "displayName"
          FROM work_topic AS wt JOIN topic AS t ON t.id = wt.topic_id
          WHERE wt.work_id = ANY ($1::bigint[]) ORDER BY wt.score DESC, t.id`,
        ids
      ),
      found => found.map(topic => ({ score: topic.score, topic }))
    ),
    authorships: perParent(
      'id',
      (ids, { first }) => rows(
        'authorships',
        `SELECT a.work_id AS parent, a.position, a.raw_name AS "rawName", ${COLLEAGUE}
          FROM authorship AS a LEFT JOIN researcher AS r ON r.id = a.researcher_id
          WHERE a.work_id = ANY ($1::bigint[]) AND a.position < $2 ORDER BY a.work_id, a.position`,
        ids,
        first
      ),
      found => ({
        nodes: found.map(({ position, rawName, ...researcher }) =>
          ({ position, rawName, researcher: researcher.id === null ? null : researcher }))
      })
    )
  }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
