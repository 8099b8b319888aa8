import { type FormEvent, useEffect, useState } from 'react'
import { useSubscription } from 'urql'

import { useAct } from './act'
import { graphql } from './gql'
import type { NotificationAddedSubscription } from './gql/graphql'
import { useRenew } from './session'
import { useSignIn } from './sign-in'
import { Dialog, Field, Refusals, texts, words } from './states'

const SignOutMutation = graphql(`
  mutation SignOut {
    done: signOut {
      userErrors {
        message
      }
    }
  }
`)

const VerifyMutation = graphql(`
  mutation VerifyEmail($code: String!) {
    done: verifyEmail(input: { code: $code }) {
      userErrors {
        message
      }
    }
  }
`)

const ResendMutation = graphql(`
  mutation SendCodeAgain {
    done: requestEmailVerification {
      userErrors {
        message
      }
    }
  }
`)

const NotificationAdded = graphql(`
  subscription NotificationAdded($after: String) {
    notificationAdded(after: $after) {
      id
      kind
      note
      follower {
        id
        displayName
      }
      claim {
        id
        state
        researcher {
          displayName
        }
        ...Claimed
      }
      invitation {
        id
        subject
        state
        researcher {
          id
          ...Invitable
        }
      }
    }
  }
`)

export function AccountMenu() {
  const { isKnown, visitor, cursor, open } = useSignIn()
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    setOpen(false)
  }, [visitor?.id])
  if (!isKnown) return null
  if (!visitor)
    return (
      <button type="button" onClick={open}>
        Sign in
      </button>
    )
  return (
    <>
      <News after={cursor} />
      <button type="button" onClick={() => setOpen(true)} aria-haspopup="dialog">
        {visitor.displayName}
        {visitor.isEmailVerified === false && ' · confirm your address'}
      </button>
      {isOpen && (
        <Dialog title={visitor.displayName} onClose={() => setOpen(false)}>
          <Account email={visitor.email} isVerified={visitor.isEmailVerified !== false} />
        </Dialog>
      )}
    </>
  )
}

function Account({ email, isVerified }: { email: string | null | undefined; isVerified: boolean }) {
  const renew = useRenew()
  const signOut = useAct(SignOutMutation)
  const verify = useAct(VerifyMutation)
  const resend = useAct(ResendMutation)
  const [isSent, setSent] = useState(false)

  async function confirm(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (await verify.act({ code: texts(event.currentTarget).code ?? '' })) renew()
  }

  return (
    <>
      <p>{email}</p>
      {!isVerified && (
        <form onSubmit={confirm}>
          <p>A code was mailed there. Who follows needs none; who claims or invites confirms it.</p>
          <Field label="The code from the mail" name="code" required autoComplete="one-time-code" />
          <Refusals messages={[...verify.refusals, ...resend.refusals]} />
          <button disabled={verify.isBusy}>Confirm the address</button>{' '}
          <button
            type="button"
            className="plain"
            disabled={resend.isBusy}
            onClick={async () => setSent((await resend.act({})) !== null)}
          >
            Mail it again
          </button>
          <p role="status">{isSent && 'It is on its way.'}</p>
        </form>
      )}
      <Refusals messages={signOut.refusals} />
      <button
        type="button"
        disabled={signOut.isBusy}
        onClick={async () => (await signOut.act({})) && renew()}
      >
        Sign out
      </button>
    </>
  )
}

type Notification = NotificationAddedSubscription['notificationAdded']

function sentence({ claim, follower, invitation, note }: Notification): string {
  if (claim) return `Your claim of ${claim.researcher.displayName}: ${words(claim.state)}`
  if (follower) return `${follower.displayName} follows you`
  if (invitation) return `Invitation “${invitation.subject}”: ${words(invitation.state)}`
  return note ?? 'There is news for you'
}

const MOST_NEWS = 5

/** What the visitor is told while they look, until they dismiss it. */
function News({ after }: { after?: string }) {
  const [since] = useState(after) // later cursors are for those who come later
  const [news, setNews] = useState<Notification[]>([])
  const [{ data }] = useSubscription({ query: NotificationAdded, variables: { after: since } })
  const told = data?.notificationAdded
  useEffect(() => {
    if (told) setNews((known) => [...known.filter(({ id }) => id !== told.id), told].slice(-MOST_NEWS))
  }, [told])
  return (
    <div className="news" role="status">
      {news.map((one) => (
        <p key={one.id}>
          {sentence(one)}{' '}
          <button
            type="button"
            className="plain"
            aria-label="Dismiss"
            onClick={() => setNews((known) => known.filter(({ id }) => id !== one.id))}
          >
            ✕
          </button>
        </p>
      ))}
    </div>
  )
}
