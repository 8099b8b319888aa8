import { useAct } from './act'
import { type FragmentType, graphql, read } from './gql'
import { useSignIn } from './sign-in'
import { Refusals } from './states'

const FollowedFragment = graphql(`
  fragment Followed on Followable {
    id
    followerCount
    viewerIsFollowing
  }
`)

// What a follow changes; the cache takes it from here to the page.
export const FollowChangedFragment = graphql(`
  fragment FollowChanged on Followable {
    id
    ...Followed
    ... on Researcher {
      trust {
        ...TrustScore
      }
    }
  }
`)

const FollowMutation = graphql(`
  mutation Follow($id: ID!) {
    done: follow(input: { subjectId: $id }) {
      userErrors {
        message
      }
      subject {
        ...FollowChanged
      }
    }
  }
`)

const UnfollowMutation = graphql(`
  mutation Unfollow($id: ID!) {
    done: unfollow(input: { subjectId: $id }) {
      userErrors {
        message
      }
      subject {
        ...FollowChanged
      }
    }
  }
`)

type Props = { of: FragmentType<typeof FollowedFragment>; what: string; isSmall?: boolean }

export function Follow({ of, what, isSmall = false }: Props) {
  const { id, viewerIsFollowing } = read(FollowedFragment, of)
  const { visitor, open } = useSignIn()
  const follow = useAct(FollowMutation)
  const unfollow = useAct(UnfollowMutation)
  const { act, isBusy, refusals } = viewerIsFollowing ? unfollow : follow
  return (
    <>
      <button
        type="button"
        className={isSmall ? 'small' : viewerIsFollowing ? 'second' : undefined}
        aria-label={`${viewerIsFollowing ? 'Unfollow' : 'Follow'} ${what}`}
        aria-disabled={isBusy}
        onClick={() => (visitor ? !isBusy && act({ id }) : open())}
      >
        {viewerIsFollowing ? 'Unfollow' : 'Follow'}
      </button>
      <Refusals messages={refusals} />
    </>
  )
}
