import { useEffect, useId, useState } from 'react'

import { ask, signedIn } from './session'

const WHO = `{
  viewer { displayName email isEmailVerified }
  signInProviders { name label url }
}`
const SIGN_IN = `mutation SignIn($email: String!, $password: String!) {
  done: signIn(input: { email: $email, password: $password }) { token userErrors { message path } }
}`
const SIGN_UP = `mutation SignUp($displayName: String!, $email: String!, $password: String!) {
  done: signUp(input: { displayName: $displayName, email: $email, password: $password }) { token userErrors { message path } }
}`
const SIGN_OUT = 'mutation SignOut { done: signOut { userErrors { message } } }'

/** What went wrong, in the service's own sentences. */
function wrong({ data, errors }) {
  return [...(errors ?? []), ...(data?.done?.userErrors ?? [])].map(({ message }) => message)
}

function Field({ label, ...input }) {
  const id = useId()
  return (
    <p>
      <label htmlFor={id}>{label}</label>
      <input id={id} required {...input} />
    </p>
  )
}

function Errors({ messages }) {
  return (
    <div role="alert">
      {messages.map((message) => (
        <p key={message} className="sign-in-error">
          {message}
        </p>
      ))}
    </div>
  )
}

function Form({ isNew, onDone }) {
  const [errors, setErrors] = useState([])
  const [isBusy, setBusy] = useState(false)

  async function submit(event) {
    event.preventDefault()
    setBusy(true)
    const answer = await ask(isNew ? SIGN_UP : SIGN_IN, Object.fromEntries(new FormData(event.target)))
    setBusy(false)
    setErrors(wrong(answer))
    if (answer.data?.done?.token) onDone(answer.data.done.token)
  }

  return (
    <form onSubmit={submit}>
      {isNew && <Field label="Name" name="displayName" autoComplete="name" />}
      <Field label="E-mail" name="email" type="email" autoComplete="username" />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
      />
      <Errors messages={errors} />
      <button className="graphiql-button" disabled={isBusy}>
        {isNew ? 'Sign up' : 'Sign in'}
      </button>
    </form>
  )
}

function SignedOut({ providers, onDone }) {
  const [isNew, setNew] = useState(false)
  return (
    <>
      <Form key={isNew} isNew={isNew} onDone={onDone} />
      <p>
        {isNew ? 'You have an account? ' : 'New here? '}
        <button type="button" className="sign-in-other" onClick={() => setNew(!isNew)}>
          {isNew ? 'Sign in instead' : 'Make an account'}
        </button>
      </p>
      {providers.map(({ name, label, url }) => (
        <p key={name}>
          <a href={`${url}?return_to=/graphql`}>Sign in at {label}</a>
        </p>
      ))}
    </>
  )
}

function SignedIn({ viewer, onDone }) {
  const [errors, setErrors] = useState([])

  async function signOut() {
    const answer = await ask(SIGN_OUT)
    setErrors(wrong(answer))
    if (wrong(answer).length === 0) onDone(null)
  }

  return (
    <>
      <p>
        You are <strong>{viewer.displayName}</strong>
        {viewer.email && `, ${viewer.email}`}. What you run in any tab is asked as you, unless its headers say otherwise.
      </p>
      {viewer.isEmailVerified === false && (
        <p>Your address is not confirmed yet: confirmEmail takes the code that was sent there.</p>
      )}
      <Errors messages={errors} />
      <button type="button" className="graphiql-button" onClick={signOut}>
        Sign out
      </button>
    </>
  )
}

function Panel() {
  const [answer, setAnswer] = useState(null)

  async function look() {
    setAnswer(await ask(WHO))
  }

  function done(token) {
    signedIn(token)
    look()
  }

  useEffect(() => {
    look()
  }, [])

  if (answer === null) return <p role="status">One moment …</p>
  if (!answer.data)
    return (
      <>
        <Errors messages={wrong(answer)} />
        <button type="button" className="graphiql-button" onClick={look}>
          Try again
        </button>
      </>
    )
  const { viewer, signInProviders } = answer.data
  return viewer ? <SignedIn viewer={viewer} onDone={done} /> : <SignedOut providers={signInProviders} onDone={done} />
}

export const signInPlugin = {
  title: 'Sign in',
  icon: () => (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.8" aria-hidden="true">
      <circle cx="12" cy="8" r="4" />
      <path d="M4 21c0-4.4 3.6-7 8-7s8 2.6 8 7" />
    </svg>
  ),
  content: () => (
    <section className="sign-in" aria-label="Sign in">
      <h2>Sign in</h2>
      <Panel />
    </section>
  ),
}
