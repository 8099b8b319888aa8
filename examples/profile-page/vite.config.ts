import { defineConfig } from 'vite'

const SERVICE = 'http://127.0.0.1:8000'

const proxy = Object.fromEntries(['/auth', '/graphiql'].map((path) => [path, SERVICE]))

export default defineConfig(({ command }) => ({
  base: command === 'build' ? '/app/' : '/', // the service has the page at / and its assets there
  build: { assetsInlineLimit: 0 }, // its Content-Security-Policy lets no data: in
  // The service lets cookies in from its own pages alone: to it, this one is.
  server: { proxy: { ...proxy, '/graphql': { target: SERVICE, ws: true, headers: { origin: SERVICE } } } },
}))
