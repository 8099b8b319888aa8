import { type FormEvent, useState } from 'react'

import { useAct } from './act'
import { type FragmentType, graphql, read } from './gql'
import type { ClaimMethod } from './gql/graphql'
import { useSignIn } from './sign-in'
import { Dialog, Field, Refusals, texts, words } from './states'

const ClaimableFragment = graphql(`
  fragment Claimable on Researcher {
    id
    displayName
    claimStatus
    viewerCanClaim
    viewerCannotClaimReasons
  }
`)

const ClaimMutation = graphql(`
  mutation Claim($input: ClaimResearcherInput!) {
    done: claimResearcher(input: $input) {
      userErrors {
        message
      }
      claim {
        ...Claimed
      }
    }
  }
`)

const ConfirmMutation = graphql(`
  mutation ConfirmClaim($claimId: ID!, $code: String!) {
    done: confirmClaim(input: { claimId: $claimId, code: $code }) {
      userErrors {
        message
      }
      claim {
        ...Claimed
      }
    }
  }
`)

const WithdrawMutation = graphql(`
  mutation WithdrawClaim($claimId: ID!) {
    done: withdrawClaim(input: { claimId: $claimId }) {
      userErrors {
        message
      }
      claim {
        ...Claimed
      }
    }
  }
`)

// What a claim changes; the cache takes it from here to the page.
export const ClaimedFragment = graphql(`
  fragment Claimed on Claim {
    id
    state
    account {
      id
      ...Visitor
    }
    researcher {
      id
      headline
      verification {
        level
      }
      trust {
        ...TrustScore
      }
      ...Claimable
      ...Invitable
    }
  }
`)

const WHY_NOT: Record<string, string> = {
  VERIFIED_EMAIL_REQUIRED: 'Confirm your e-mail address first: see your account, above.',
  HAS_CLAIM: 'You have claimed another record.',
  ALREADY_CLAIMED: 'Somebody has claimed this record.',
  COOLDOWN: 'Your last claim was refused less than 30 days ago.',
}
const OPEN = ['DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW']

type Props = { of: FragmentType<typeof ClaimableFragment> }

export function Claim({ of }: Props) {
  const record = read(ClaimableFragment, of)
  const { visitor, open } = useSignIn()
  const mine = visitor?.claims.find(({ researcher, state }) => researcher.id === record.id && OPEN.includes(state))
  const [isClaiming, setClaiming] = useState(false)
  const reasons = record.viewerCannotClaimReasons
  if (reasons.includes('ALREADY_YOURS')) return <p className="note">This is your record.</p>
  if (mine) return <UnderWay claimId={mine.id} state={mine.state} method={mine.method} steps={mine.nextSteps} />
  if (record.claimStatus === 'CLAIMED') return null
  if (!visitor)
    return (
      <button type="button" onClick={open}>
        Log in to claim
      </button>
    )
  if (!record.viewerCanClaim)
    return <p className="note">{WHY_NOT[reasons[0] ?? ''] ?? `You cannot claim it: ${words(reasons[0] ?? '')}.`}</p>
  return (
    <>
      <button type="button" onClick={() => setClaiming(true)}>
        Claim this record
      </button>
      {isClaiming && <ClaimDialog of={of} onClose={() => setClaiming(false)} />}
    </>
  )
}

const METHODS: [ClaimMethod, string][] = [
  ['EVIDENCE', 'By evidence, which a moderator looks at'],
  ['EMAIL', 'By a code to my institution’s address'],
  ['ORCID', 'By the ORCID iD that I sign in with'],
]

function ClaimDialog({ of, onClose }: { of: Props['of']; onClose: () => void }) {
  const { id, displayName } = read(ClaimableFragment, of)
  const [method, setMethod] = useState<ClaimMethod>('EVIDENCE')
  const { act, isBusy, refusals } = useAct(ClaimMutation)

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (await act({ input: { ...texts(event.currentTarget), researcherId: id, method } })) onClose()
  }

  return (
    <Dialog title={`Claim ${displayName}`} onClose={onClose}>
      <form onSubmit={submit}>
        <fieldset>
          <legend>How will you prove that it is yours?</legend>
          {METHODS.map(([value, label]) => (
            <label key={value} className="choice">
              <input type="radio" name="method" value={value} checked={method === value} onChange={() => setMethod(value)} /> {label}
            </label>
          ))}
        </fieldset>
        {method === 'EVIDENCE' && (
          <>
            <Field label="A page that proves it" name="evidenceUrl" type="url" required hint="Such as your page at your institution." />
            <Field label="What it shows" name="statement" as="textarea" required />
          </>
        )}
        {method === 'EMAIL' && <Field label="Your address at your institution" name="email" type="email" required />}
        <Refusals messages={refusals} />
        <button disabled={isBusy}>Claim</button>
      </form>
    </Dialog>
  )
}

type UnderWayProps = { claimId: string; state: string; method: ClaimMethod; steps: { key: string; label: string }[] }

function UnderWay({ claimId, state, method, steps }: UnderWayProps) {
  const confirm = useAct(ConfirmMutation)
  const withdraw = useAct(WithdrawMutation)
  return (
    <div className="note">
      <p>
        Your claim: {words(state)}. {steps.map(({ label }) => label).join(' ')}
      </p>
      {state === 'EVIDENCE_PENDING' && method === 'EMAIL' && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            confirm.act({ claimId, code: texts(event.currentTarget).code ?? '' })
          }}
        >
          <Field label="The code from the mail" name="code" required autoComplete="one-time-code" />
          <button disabled={confirm.isBusy}>Confirm</button>
        </form>
      )}
      <Refusals messages={[...confirm.refusals, ...withdraw.refusals]} />
      <button type="button" className="plain" disabled={withdraw.isBusy} onClick={() => withdraw.act({ claimId })}>
        Withdraw the claim
      </button>
    </div>
  )
}
