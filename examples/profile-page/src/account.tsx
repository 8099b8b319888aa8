import { type FormEvent, useEffect, useState } from 'react'
import { useSubscription } from 'urql'

import { useAct } from './act'
import { graphql } from './gql'
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
  subscription NotificationAdded {
    notificationAdded {
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
      }
    }
  }
`)

export function AccountMenu() {
  const { isKnown, visitor, open } = useSignIn()
  const [isOpen, setOpen] = useState(false)
  if (!isKnown) return null
  if (!visitor)
    return (
      <button type="button" onClick={open}>
        Sign in
      </button>
    )
  return (
    <>
      <News />
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
          <button type="button" className="plain" disabled={resend.isBusy} onClick={() => resend.act({})}>
            Mail it again
          </button>
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

/** What the visitor is told while they look; it goes by itself. */
function News() {
  const [{ data }] = useSubscription({ query: NotificationAdded })
  const [seen, setSeen] = useState<string>()
  const told = data?.notificationAdded
  useEffect(() => {
    if (!told) return
    const timer = setTimeout(() => setSeen(told.id), 15_000)
    return () => clearTimeout(timer)
  }, [told?.id])
  const isShown = told && told.id !== seen
  const text = !told
    ? ''
    : told.claim
      ? `Your claim of ${told.claim.researcher.displayName}: ${words(told.claim.state)}`
      : told.follower
        ? `${told.follower.displayName} follows you`
        : told.invitation
          ? `Invitation “${told.invitation.subject}”: ${words(told.invitation.state)}`
          : (told.note ?? 'There is news for you')
  return (
    <div className="news" role="status">
      {isShown && (
        <p>
          {text}{' '}
          <button type="button" className="plain" aria-label="Dismiss" onClick={() => setSeen(told.id)}>
            ✕
          </button>
        </p>
      )}
    </div>
  )
}
