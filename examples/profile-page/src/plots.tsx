import { type FragmentType, graphql, read } from './gql'
import { count } from './states'

const PlotsFragment = graphql(`
  fragment Plots on Researcher {
    activity {
      year
      works
      citations
    }
  }
`)

type Year = { year: number; value: number }

export function Plots({ of }: { of: FragmentType<typeof PlotsFragment> }) {
  const { activity } = read(PlotsFragment, of)
  if (activity.length === 0) return null
  const known = new Map(activity.map((one) => [one.year, one]))
  const years = [...known.keys()]
  const first = Math.min(...years)
  const all = Array.from({ length: Math.max(...years) - first + 1 }, (_, place) => first + place)
  const of_ = (pick: 'works' | 'citations') => all.map((year) => ({ year, value: known.get(year)?.[pick] ?? 0 }))
  return (
    <section className="plots" aria-label="Activity">
      <Bars title="Works a year" years={of_('works')} />
      <Bars title="Citations of each year’s works" years={of_('citations')} />
    </section>
  )
}

const WIDTH = 480
const HEIGHT = 120

function Bars({ title, years }: { title: string; years: Year[] }) {
  const most = Math.max(...years.map(({ value }) => value), 1)
  const step = WIDTH / years.length
  const last = years.length - 1
  return (
    <figure>
      <figcaption>
        {title}
        <small> at most {count(most)}</small>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 20}`}
        role="img"
        aria-label={`${title}: ${years.map(({ year, value }) => `${year}: ${count(value)}`).join(', ')}`}
      >
        {years.map(({ year, value }, place) => {
          const height = (value / most) * HEIGHT
          return (
            <rect
              key={year}
              x={place * step + step * 0.1}
              y={HEIGHT - height}
              width={step * 0.8}
              height={Math.max(height, 1)}
            >
              <title>{`${year}: ${count(value)}`}</title>
            </rect>
          )
        })}
        <text x={0} y={HEIGHT + 16}>
          {years[0]?.year}
        </text>
        {last > 0 && (
          <text x={WIDTH} y={HEIGHT + 16} textAnchor="end">
            {years[last]?.year}
          </text>
        )}
      </svg>
    </figure>
  )
}
