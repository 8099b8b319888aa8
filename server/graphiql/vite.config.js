import { defineConfig } from 'vite'

export default defineConfig({
  // The page stands at /graphql, its assets at /graphiql/assets: relative addresses would miss them.
  base: '/graphiql/',
  // Monaco's workers import further chunks, which the default format (iife) cannot.
  worker: { format: 'es' },
})
