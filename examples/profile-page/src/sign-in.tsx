import { createContext, type FormEvent, type ReactNode, useContext, useEffect, useState } from 'react'
import { useQuery } from 'urql'

import { useAct } from './act'
import { graphql, read } from './gql'
import type { VisitorFragment } from './gql/graphql'
import { useRenew } from './session'
import { Dialog, Field, Refusals, texts, words } from './states'
import { Visitor } from './visitor'

const ProvidersQuery = graphql(`
  query Providers {
    signInProviders {
      name
      label
      url
    }
  }
`)

const SignInMutation = graphql(`
  mutation SignIn($email: String!, $password: String!) {
    done: signIn(input: { email: $email, password: $password }) {
      userErrors {
        message
      }
    }
  }
`)

const SignUpMutation = graphql(`
  mutation SignUp($displayName: String!, $email: String!, $password: String!) {
    done: signUp(input: { displayName: $displayName, email: $email, password: $password }) {
      userErrors {
        message
      }
    }
  }
`)

// The code with which a provider's sign-in came back, if it was refused.
const REFUSED = new URLSearchParams(location.search).get('sign_in_error')

const VisitorQuery = graphql(`
  query Visitor {
    eventCursor
    viewer {
      id
      ...Visitor
    }
  }
`)

type Known = { isKnown: boolean; visitor: VisitorFragment | null; cursor?: string; open: () => void }

const SignInContext = createContext<Known>({ isKnown: false, visitor: null, open: () => {} })

/** Who is signed in, if that is known yet, and how to have them sign in. */
export const useSignIn = () => useContext(SignInContext)

/** `isAsked`: whether the page's own query asks who they are; then there is none for it alone. */
export function SignInProvider({ isAsked, children }: { isAsked: boolean; children: ReactNode }) {
  const [{ data }] = useQuery({ query: VisitorQuery, requestPolicy: isAsked ? 'cache-only' : 'cache-first' })
  const [isOpen, setOpen] = useState(REFUSED !== null)
  const visitor = read(Visitor, data?.viewer) ?? null
  useEffect(() => {
    if (visitor) setOpen(false)
  }, [visitor?.id])
  return (
    <SignInContext.Provider value={{ isKnown: !!data, visitor, cursor: data?.eventCursor, open: () => setOpen(true) }}>
      {children}
      {isOpen && !visitor && <SignInDialog onClose={() => setOpen(false)} />}
    </SignInContext.Provider>
  )
}

function SignInDialog({ onClose }: { onClose: () => void }) {
  const [isNew, setNew] = useState(false)
  const [{ data }] = useQuery({ query: ProvidersQuery })
  const signIn = useAct(SignInMutation)
  const signUp = useAct(SignUpMutation)
  const renew = useRenew()

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const { displayName = '', email = '', password = '' } = texts(event.currentTarget)
    const done = await (isNew ? signUp.act({ displayName, email, password }) : signIn.act({ email, password }))
    if (done) renew() // the browser has the session's cookie now
  }

  const name = isNew ? 'Sign up' : 'Sign in'
  return (
    <Dialog title={name} onClose={onClose}>
      {REFUSED && <Refusals messages={[`You were not signed in there: ${words(REFUSED)}.`]} />}
      <form key={name} onSubmit={submit}>
        {isNew && <Field label="Name" name="displayName" autoComplete="name" required />}
        <Field label="E-mail" name="email" type="email" autoComplete="username" required />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete={isNew ? 'new-password' : 'current-password'}
          required
        />
        <Refusals messages={isNew ? signUp.refusals : signIn.refusals} />
        <button disabled={signIn.isBusy || signUp.isBusy}>{name}</button>
      </form>
      <p>
        {isNew ? 'You have an account?' : 'New here?'}{' '}
        <button type="button" className="plain" onClick={() => setNew(!isNew)}>
          {isNew ? 'Sign in instead' : 'Make an account'}
        </button>
      </p>
      {data?.signInProviders.map(({ name, label, url }) => (
        <p key={name}>
          <a href={`${url}?return_to=${encodeURIComponent(location.pathname + location.search)}`}>Sign in at {label}</a>
        </p>
      ))}
    </Dialog>
  )
}
