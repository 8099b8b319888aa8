import { lazy, Suspense, useEffect, useRef } from 'react'
import { Link, Route, Switch, useLocation, useSearch } from 'wouter'

import { AccountMenu } from './account'
import { Home } from './home'
import { Profile } from './profile'
import { SearchBox } from './search-box'
import { SignInProvider } from './sign-in'
import { Boundary, Loading } from './states'

const Results = lazy(() => import('./results'))

/** A part of an address; what is none of ours is no researcher's. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

export function App() {
  const [path] = useLocation()
  const search = useSearch()
  const before = useRef(path + search)
  const isBack = useRef(false)
  useEffect(() => {
    const note = () => {
      isBack.current = true // the browser knows by itself where they were
    }
    addEventListener('popstate', note)
    return () => removeEventListener('popstate', note)
  }, [])
  // As when another page loads: what is read or tabbed to next is its beginning.
  useEffect(() => {
    if (before.current === path + search) return
    before.current = path + search
    if (!isBack.current) {
      window.scrollTo(0, 0)
      document.getElementById('main')?.focus()
    }
    isBack.current = false
  }, [path, search])
  return (
    <SignInProvider isAsked={path === '/' || path.startsWith('/researchers/')}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="bar">
        <Link href="/" className="brand">
          peergraph
        </Link>
        <SearchBox />
        <AccountMenu />
      </header>
      <main id="main" tabIndex={-1}>
        <Boundary key={path}>
          <Suspense fallback={<Loading what="the page" />}>
          <Switch>
            <Route path="/">
              <Home />
            </Route>
            <Route path="/search">
              <Results />
            </Route>
            <Route path="/researchers/:slug">{({ slug }) => <Profile key={slug} slug={decoded(slug)} />}</Route>
            <Route>
              <p className="state">There is no such page.</p>
            </Route>
          </Switch>
          </Suspense>
        </Boundary>
      </main>
      <footer>
        Asked of <a href="/graphql">the GraphQL API</a>, where every figure of this page can be had.
      </footer>
    </SignInProvider>
  )
}
