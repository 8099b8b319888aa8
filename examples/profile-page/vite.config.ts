import { defineConfig } from 'vite'

export default defineConfig({
  base: '/app/', // the service has the page at / and its assets here
  build: { assetsInlineLimit: 0 }, // its Content-Security-Policy lets no data: in
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:8000', ws: true } } },
})
