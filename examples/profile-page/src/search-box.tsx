import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from 'react'
import { useQuery } from 'urql'
import { useLocation } from 'wouter'

import { graphql } from './gql'
import { usePaused } from './paused'
import { words } from './states'

const SuggestQuery = graphql(`
  query Suggest($prefix: String!) {
    suggest(prefix: $prefix, first: 8) {
      id
      kind
      text
      node {
        id
        ... on Researcher {
          slug
        }
      }
    }
  }
`)

export function SearchBox() {
  const id = useId()
  const [path, go] = useLocation()
  const [text, setText] = useState('')
  const prefix = usePaused(text.trim())
  const [isOpen, setOpen] = useState(false)
  const [marked, setMarked] = useState<string>() // the id of a suggestion: others may come meanwhile
  const [{ data }] = useQuery({ query: SuggestQuery, variables: { prefix }, pause: prefix === '' })
  const found = useDeferredValue(prefix === '' ? [] : (data?.suggest ?? []))
  const shown = isOpen ? found : []
  const place = shown.findIndex(({ id }) => id === marked)

  useEffect(() => {
    setOpen(false)
  }, [path])

  function choose(at: number) {
    const one = shown[at]
    setOpen(false)
    if (one?.node && 'slug' in one.node && one.node.slug) {
      setText('')
      go(`/researchers/${one.node.slug}`)
    } else if (one || text.trim()) {
      go(`/search?q=${encodeURIComponent(one?.text ?? text.trim())}`)
    }
  }

  function press(event: KeyboardEvent) {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 }
    const move = moves[event.key]
    if (move) {
      event.preventDefault()
      setOpen(true)
      // From the last on to none, and from none on to the first.
      setMarked(shown[((place + 1 + move + shown.length + 1) % (shown.length + 1)) - 1]?.id)
    } else if (event.key === 'Escape' && shown.length > 0) {
      event.preventDefault() // browsers would empty the field
      setOpen(false)
    }
  }

  return (
    <form
      role="search"
      aria-label="Everything"
      className="search"
      onSubmit={(event) => {
        event.preventDefault()
        choose(place)
      }}
    >
      <input
        type="search"
        placeholder="Search researchers, works, topics"
        aria-label="Search"
        role="combobox"
        aria-expanded={shown.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={shown[place] && `${id}-${place}`}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setMarked(undefined)
          setOpen(true)
        }}
        onKeyDown={press}
        onBlur={() => setOpen(false)}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Suggestions" hidden={shown.length === 0}>
        {shown.map((one, at) => (
          <li
            key={one.id}
            id={`${id}-${at}`}
            role="option"
            aria-selected={at === place}
            // Pressing it must not take the focus, which would close the list before it is chosen.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(at)}
          >
            {one.text} <small>{words(one.kind)}</small>
          </li>
        ))}
      </ul>
    </form>
  )
}
