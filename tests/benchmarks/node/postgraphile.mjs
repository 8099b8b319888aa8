// The benchmark's PostGraphile: its schema is made of what bench.sql creates.
//
//     npm ci --ignore-scripts
//     psql "$DATABASE_URL" -q -f bench.sql
//     DATABASE_URL=... PORT=... node postgraphile.mjs

// Grafast reads it when it is imported, so before.
process.env.GRAPHILE_ENV = 'production'

const { createServer } = await import('node:http')
const { postgraphile } = await import('postgraphile')
const { makePgService } = await import('postgraphile/adaptors/pg')
const { grafserv } = await import('postgraphile/grafserv/node')
const { PostGraphileAmberPreset } = await import('postgraphile/presets/amber')

const serv = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: process.env.DATABASE_URL,
      schemas: ['bench'],
      poolConfig: { max: 10 }
    })
  ],
  grafast: { explain: false },
  grafserv: { graphiql: false, watch: false, websockets: false, outputDataAsString: true }
}).createServ(grafserv)

const server = createServer()
await serv.addTo(server)
await serv.ready()
server.listen(Number(process.env.PORT), '127.0.0.1')
