import { useEffect, useState } from 'react'

const PAUSE = 150 // milliseconds after the last keystroke

/** What was typed, when its typist pauses: no keystroke need be asked about. */
export function usePaused(text: string): string {
  const [paused, setPaused] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE)
    return () => clearTimeout(timer)
  }, [text])
  return paused
}
