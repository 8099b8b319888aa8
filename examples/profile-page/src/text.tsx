import { useEffect, useRef } from 'react'

/** A text as its source gives it. KaTeX is fetched for the first one that needs it. */
export function Text({ children }: { children: string }) {
  const ref = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    let isCurrent = true
    if (/[$\\&]/.test(children))
      import('./tex').then(
        ({ show }) => isCurrent && ref.current && show(ref.current, children),
        () => undefined, // without it the text stays readable
      )
    return () => {
      isCurrent = false
    }
  }, [children])
  return (
    // With another text it is another element: React would look for the one that `show` has replaced.
    <span key={children} ref={ref}>
      {children}
    </span>
  )
}
