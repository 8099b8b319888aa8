import { lazy, Suspense, useEffect, useRef } from 'react'
import { Link, Route, Switch, useLocation } from 'wouter'

import { AccountMenu } from './account'
import { Home } from './home'
import { Profile } from './profile'
import { SearchBox } from './search-box'
import { SignInProvider } from './sign-in'
import { Loading } from './states'

const Results = lazy(() => import('./results'))

export function App() {
  const [path] = useLocation()
  const before = useRef(path)
  // As when another page loads: what is read or tabbed to next is its beginning.
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    window.scrollTo(0, 0)
    document.getElementById('main')?.focus()
  }, [path])
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
        <Suspense fallback={<Loading what="the page" />}>
          <Switch>
            <Route path="/">
              <Home />
            </Route>
            <Route path="/search">
              <Results />
            </Route>
            <Route path="/researchers/:slug">{({ slug }) => <Profile key={slug} slug={decodeURIComponent(slug)} />}</Route>
            <Route>
              <p className="state">There is no such page.</p>
            </Route>
          </Switch>
        </Suspense>
      </main>
      <footer>
        Asked of <a href="/graphql">the GraphQL API</a>, where every figure of this page can be had.
      </footer>
    </SignInProvider>
  )
}
