import { type FragmentType, graphql, read } from './gql'
import { Claim } from './claim'
import { Follow } from './follow'
import { Invite } from './invite'
import { count, words } from './states'
import { TrustScore } from './trust'

const HeadFragment = graphql(`
  fragment Head on Researcher {
    displayName
    headline
    kind
    orcid
    homepageUrl
    affiliationStatus
    affiliation {
      id
      displayName
      countryCode
    }
    collaborationStatus
    claimStatus
    verification {
      level
    }
    workCount
    citationCount
    hIndex
    topicCount
    closeCollaboratorCount
    followerCount
    trust {
      ...TrustScore
    }
    ...Followed
    ...Claimable
    ...Invitable
  }
`)

const COLLABORATION = {
  OPEN: 'Open to collaborate',
  LIMITED: 'Open to some collaborations',
  CLOSED: 'Not open to collaborate',
}
const CLAIM = {
  UNCLAIMED: 'Unclaimed author',
  PENDING: 'Claim under way',
  CLAIMED: 'Claimed',
  CONTESTED: 'Claim disputed',
}

export function Head({ of }: { of: FragmentType<typeof HeadFragment> }) {
  const found = read(HeadFragment, of)
  const affiliation = found.affiliation?.displayName ?? `Affiliation ${words(found.affiliationStatus).toLowerCase()}`
  const figures = [
    ['Works', found.workCount],
    ['Citations', found.citationCount],
    ['h-index', found.hIndex],
    ['Topics', found.topicCount],
    ['Close collaborators', found.closeCollaboratorCount],
    ['Followers', found.followerCount],
  ] as const
  return (
    <header className="head">
      <div>
        <h1>{found.displayName}</h1>
        <p className="headline">{found.headline}</p>
        <p>
          {words(found.kind)} · {affiliation}
        </p>
        <ul className="badges" aria-label="Status">
          <li>{CLAIM[found.claimStatus]}</li>
          <li>{COLLABORATION[found.collaborationStatus]}</li>
          <li>Verification {found.verification.level}</li>
          {found.orcid && (
            <li>
              <a href={`https://orcid.org/${found.orcid}`}>ORCID {found.orcid}</a>
            </li>
          )}
          {found.homepageUrl && (
            <li>
              <a href={found.homepageUrl} rel="nofollow ugc">
                Homepage
              </a>
            </li>
          )}
        </ul>
        <div className="actions">
          <Follow of={found} what={found.displayName} />
          <Claim of={found} />
          <Invite of={found} />
        </div>
      </div>
      <TrustScore of={found.trust} />
      <dl className="figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{count(value)}</dd>
          </div>
        ))}
      </dl>
    </header>
  )
}
