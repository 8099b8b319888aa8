import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import '@graphiql/plugin-explorer/style.css'
import './style.css'

import { explorerPlugin } from '@graphiql/plugin-explorer'
import { HISTORY_PLUGIN } from '@graphiql/plugin-history'
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { GraphiQL } from 'graphiql'
import { createClient } from 'graphql-ws'
import { createRoot } from 'react-dom/client'

import { asked, authorization, url } from './session'
import { signInPlugin } from './sign-in'
import { openWorkedQueries } from './worked'

const fetcher = createGraphiQLFetcher({
  url,
  fetch: asked,
  wsClient: createClient({ url: url.replace('http', 'ws'), connectionParams: authorization }),
})
const plugins = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false }), signInPlugin]

await openWorkedQueries()
createRoot(document.getElementById('graphiql')).render(
  <GraphiQL fetcher={fetcher} plugins={plugins}>
    <GraphiQL.Logo>peergraph</GraphiQL.Logo>
  </GraphiQL>,
)
