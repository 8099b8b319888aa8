import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './style.css'

import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { GraphiQL } from 'graphiql'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'

import query from './profile.graphql?raw'

// A first visit starts as if the visitor had typed the profile query: props would lose the variables at the first
// reload (defaultQuery) or open one more tab at each (initialVariables). Tabs of earlier visits stay as they are.
if (localStorage.getItem('graphiql:tabState') === null) {
  localStorage.setItem('graphiql:query', query)
  localStorage.setItem('graphiql:variables', JSON.stringify({ slug: 'kurt-keutzer' }, null, 2))
}

const url = new URL('/graphql', location.href).href
const subscriptionUrl = url.replace('http', 'ws')

createRoot(document.getElementById('graphiql')).render(
  createElement(
    GraphiQL,
    { fetcher: createGraphiQLFetcher({ url, subscriptionUrl }), defaultQuery: query },
    createElement(GraphiQL.Logo, null, 'peergraph'),
  ),
)
