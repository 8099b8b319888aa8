import { type FormEvent, useState } from 'react'

import { useAct } from './act'
import { type FragmentType, graphql, read } from './gql'
import { useSignIn } from './sign-in'
import { Dialog, Field, Refusals, texts, words } from './states'

const InvitableFragment = graphql(`
  fragment Invitable on Researcher {
    id
    displayName
    viewerCanInvite
    viewerCannotInviteReasons
  }
`)

const InviteMutation = graphql(`
  mutation Invite($researcherId: ID!, $subject: String!, $message: String!) {
    done: inviteToCollaborate(input: { researcherId: $researcherId, subject: $subject, message: $message }) {
      userErrors {
        message
      }
      invitation {
        id
        state
        researcher {
          id
          ...Invitable
        }
      }
    }
  }
`)

const WHY_NOT: Record<string, string> = {
  RESEARCHER_UNCLAIMED: 'Direct collaboration needs a claimed record.',
  NOT_OPEN_TO_COLLABORATION: 'They are not open to collaborate now.',
  VERIFIED_EMAIL_REQUIRED: 'To invite them, confirm your e-mail address first.',
  ALREADY_INVITED: 'You have invited them to collaborate.',
  COOLDOWN: 'They have declined an invitation of yours.',
}

export function Invite({ of }: { of: FragmentType<typeof InvitableFragment> }) {
  const { id, displayName, viewerCanInvite, viewerCannotInviteReasons: reasons } = read(InvitableFragment, of)
  const { visitor, open } = useSignIn()
  const [isInviting, setInviting] = useState(false)
  const { act, isBusy, refusals } = useAct(InviteMutation)
  const others = reasons.filter((reason) => reason !== 'LOGIN_REQUIRED')

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const { subject = '', message = '' } = texts(event.currentTarget)
    if (await act({ researcherId: id, subject, message })) setInviting(false)
  }

  if (others.includes('SELF')) return null
  if (others[0]) return <p className="note">{WHY_NOT[others[0]] ?? `You cannot invite them: ${words(others[0])}.`}</p>
  return (
    <>
      <button type="button" onClick={() => (visitor && viewerCanInvite ? setInviting(true) : open())}>
        Invite to collaborate
      </button>
      {isInviting && (
        <Dialog title={`Invite ${displayName}`} onClose={() => setInviting(false)}>
          <form onSubmit={submit}>
            <Field label="Subject" name="subject" required />
            <Field label="Message" name="message" as="textarea" required rows={6} />
            <Refusals messages={refusals} />
            <button disabled={isBusy}>Invite</button>
          </form>
        </Dialog>
      )}
    </>
  )
}
