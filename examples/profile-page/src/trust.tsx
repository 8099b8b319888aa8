import { type FragmentType, graphql, read } from './gql'
import { words } from './states'

const TrustScoreFragment = graphql(`
  fragment TrustScore on Trust {
    score
    band
    components {
      key
      label
      points
      maxPoints
      explanation
    }
    nextSteps {
      key
      label
      points
      advice
    }
  }
`)

export function TrustScore({ of }: { of: FragmentType<typeof TrustScoreFragment> }) {
  const { score, band, components, nextSteps } = read(TrustScoreFragment, of)
  return (
    <section className="trust" aria-labelledby="trust">
      <h2 id="trust">Trust</h2>
      <p className="score">
        <strong>{score}</strong> of 100 · {words(band)}
      </p>
      <details>
        <summary>How it comes about</summary>
        <dl>
          {components.map(({ key, label, points, maxPoints, explanation }) => (
            <div key={key}>
              <dt>
                {label}: {points} of {maxPoints}
                <meter min={0} max={maxPoints} value={points} aria-label={label} />
              </dt>
              <dd>{explanation}</dd>
            </div>
          ))}
        </dl>
        {nextSteps.length > 0 && (
          <>
            <h3>What would raise it</h3>
            <ul>
              {nextSteps.map(({ key, label, points, advice }) => (
                <li key={key}>
                  <strong>
                    {label} (+{points})
                  </strong>{' '}
                  {advice}
                </li>
              ))}
            </ul>
          </>
        )}
      </details>
    </section>
  )
}
