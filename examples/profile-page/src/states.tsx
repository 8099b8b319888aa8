import { Component, type ReactNode, useEffect, useId, useRef } from 'react'
import type { CombinedError, OperationContext } from 'urql'

import { problems } from './act'

export function Loading({ what }: { what: string }) {
  return (
    <div className="state loading" role="status">
      Loading {what} …
    </div>
  )
}

function Failure({ messages, onRetry }: { messages: string[]; onRetry: () => void }) {
  return (
    <div className="state failure" role="alert">
      {messages.map((message) => (
        <p key={message}>{message}</p>
      ))}
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  )
}

/** A query that failed, to be asked again. */
export function Failed({ by, again }: { by: CombinedError; again: (how: Partial<OperationContext>) => void }) {
  return <Failure messages={problems(by)} onRetry={() => again({ requestPolicy: 'network-only' })} />
}

/** Shows that a part could not be fetched, or failed, instead of a blank. */
export class Boundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  render() {
    if (!this.state.hasFailed) return this.props.children
    return <Failure messages={['A part of this page could not be shown.']} onRetry={() => location.reload()} />
  }
}

export function Refusals({ messages }: { messages: string[] }) {
  return (
    <div role="alert">
      {messages.map((message) => (
        <p key={message} className="refusal">
          {message}
        </p>
      ))}
    </div>
  )
}

export function Field({ label, hint, as: Input = 'input', ...rest }: {
  label: string
  hint?: string
  as?: 'input' | 'textarea'
  [attribute: string]: unknown
}) {
  const id = useId()
  return (
    <p className="field">
      <label htmlFor={id}>{label}</label>
      <Input id={id} aria-describedby={hint && `${id}-hint`} {...rest} />
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </p>
  )
}

/** The texts of a form's fields, by name. */
export function texts(form: HTMLFormElement): Record<string, string> {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, `${value}`]))
}

/** Open for as long as it stands; the browser keeps the focus in it, and Escape closes it. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const opener = document.activeElement
    ref.current?.showModal()
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
      else document.getElementById('main')?.focus()
    }
  }, [])
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={onClose}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  )
}

/** A constant of the service as words: NOT_IMPORTED is “Not imported”. */
export function words(constant: string): string {
  const text = constant.toLowerCase().replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const count = new Intl.NumberFormat('en').format
